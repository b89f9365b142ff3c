using Trainer.Kernels.Devices;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

[Collection(CpuVariants.Serial)]
public class ElementwiseTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(40_009)]
    public void Sigmoid_agrees_and_may_work_in_place(int count)
    {
        CpuVariants.MustAgree("forward", 2e-7f, device =>
        {
            using var tensors = new Guarded();
            var x = tensors.Input(device, TestData.Values(count, 1, 20));
            device.ActivationForward(Activation.Sigmoid, count, 1, x, x);
            return x.Host.ToArray();
        });
        CpuVariants.MustEqualReference("backward", device =>
        {
            using var tensors = new Guarded();
            var (y, dy) = (tensors.Input(device, TestData.Values(count, 2)), tensors.Input(device, TestData.Values(count, 3)));
            device.ActivationBackward(Activation.Sigmoid, count, 1, y, dy, GradientEpilogue.None, dy);
            return dy.Host.ToArray();
        });
    }

    [Theory]
    [InlineData(10, 256)]
    [InlineData(1, 3)]
    [InlineData(1009, 7)]
    public void Softmax_cross_entropy_agrees(int classes, int samples)
    {
        var labels = Enumerable.Range(0, samples).Select(i => i * 7 % classes).ToArray();
        CpuVariants.MustAgree("softmax", 5e-6f, device =>
        {
            using var tensors = new Guarded();
            var logits = tensors.Input(device, TestData.Values(samples * classes, 1, 30));
            var dx = tensors.Output(device, samples * classes);
            var (loss, correct) = (new float[samples], new byte[samples]);
            device.SoftmaxCrossEntropy(default, classes, samples, logits, labels, loss, correct, dx);
            return [.. loss, .. correct.Select(c => (float)c), .. dx.Host];
        });
    }

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(131_111, 0, 0)]
    [InlineData(70_001, 0.9f, 0)]
    [InlineData(65_536, 0.9f, 0.01f)]
    public void Sgd_equals_the_reference_and_its_hash_depends_on_the_weights_alone(int count, float momentum, float weightDecay)
    {
        CpuVariants.MustEqualReference("sgd", device => Sgd(device, count, momentum, weightDecay).Values);
        Assert.Single(CpuVariants.All.Select(device => Sgd(device, count, momentum, weightDecay).Hash).Distinct());
    }

    [Fact]
    public void The_hash_of_sgd_sees_every_bit_of_every_weight_and_their_order()
    {
        const int Count = 1000;
        var weights = TestData.Values(Count, 1);
        var hashes = new HashSet<ulong> { HashOf(weights) };
        for (var i = 0; i < Count; i++)
        {
            var changed = weights.ToArray();
            changed[i] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(changed[i]) ^ (1 << (i % 32)));
            Assert.True(hashes.Add(HashOf(changed)), $"Bit {i % 32} of weight {i} does not show.");
        }

        (weights[3], weights[19]) = (weights[19], weights[3]);
        Assert.True(hashes.Add(HashOf(weights)));
    }

    private static ulong HashOf(float[] weights)
    {
        using var tensors = new Guarded();
        var device = CpuVariants.All[0];
        var w = tensors.Input(device, weights);
        return device.Update(
            [new UpdateRun(UpdateRule.Sgd, w.Elements) { LearningRate = 0, Momentum = 0, WeightDecay = 0 }], 1, w, tensors.Input(device, new float[weights.Length]), default, default);
    }

    private static (float[] Values, ulong Hash) Sgd(Device device, int count, float momentum, float weightDecay)
    {
        using var tensors = new Guarded();
        var w = tensors.Input(device, TestData.Values(count, 1));
        var g = tensors.Input(device, TestData.Values(count, 2));
        var v = momentum == 0 ? default : tensors.Input(device, TestData.Values(count, 3));
        var hash = device.Update(
            [new UpdateRun(UpdateRule.Sgd, w.Elements) { LearningRate = 0.1f, Momentum = momentum, WeightDecay = weightDecay }], 1, w, g, v, default);
        return ([.. w.Host, .. v.IsEmpty ? [] : v.Host], hash);
    }
}
