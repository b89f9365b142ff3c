using Trainer.Kernels.Devices;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

[Collection(CpuVariants.Serial)]
public class LossTests
{
    [Theory]
    [InlineData(10, 256)]
    [InlineData(1, 3)]
    [InlineData(1009, 7)]
    public void Softmax_cross_entropy_agrees(int classes, int samples)
    {
        var labels = Enumerable.Range(0, samples).Select(i => i * 7 % classes).ToArray();
        foreach (var smoothing in new[] { 0, 0.1f, 1 })
        {
            foreach (var weighted in new[] { false, true })
            {
                foreach (int? ignored in new int?[] { null, -100, 0 })
                {
                    var given = ignored == -100 ? [.. labels.Select((label, i) => i % 3 == 1 ? -100 : label)] : labels;
                    CpuVariants.MustAgree($"smoothing {smoothing}, weights {weighted}, ignored {ignored}", 4e-5f, device =>
                        CrossEntropy(device, classes, samples, given, smoothing, weighted, ignored));
                }
            }
        }
    }

    /// <summary>e / s - onehot(label) and log s - (x - m), whatever the options' code does.</summary>
    [Fact]
    public void Without_options_the_gradient_is_that_of_plain_softmax()
    {
        foreach (var device in CpuVariants.All)
        {
            using var dense = new Guarded();
            var (x, y, dx) = (dense.Input(device, [1, 3, 0, 0]), dense.Output(device, 4), dense.Output(device, 4));
            var (loss, correct) = (new float[1], new byte[1]);
            device.SoftmaxForward(4, 1, 1, false, x, y);
            device.SoftmaxCrossEntropy(default, 4, 1, x, [1], loss, correct, dx);
            CpuVariants.MustEqual("dx", [y.Host[0], y.Host[1] - 1, y.Host[2], y.Host[3]], dx.Host);
            device.SoftmaxForward(4, 1, 1, true, x, y);
            Assert.Equal((-y.Host[1], 1), (loss[0], correct[0]));
        }
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(19, 7)]
    [InlineData(20_011, 3)]
    public void Squared_error_equals_the_reference(int elements, int samples)
    {
        foreach (var factor in new[] { 1, 0.37f })
        {
            CpuVariants.MustEqualReference($"factor {factor}", device =>
            {
                using var tensors = new Gapped(device, device == CpuVariants.Reference ? 0 : 11);
                using var dense = new Guarded();
                var y = tensors.Input(samples, TestData.Values(samples * elements, 1));
                var target = dense.Input(device, TestData.Values(samples * elements, 2));
                var (loss, dx) = (new float[samples], tensors.Output(samples, elements));
                device.SquaredError(factor, elements, samples, y, target, loss, dx);
                return [.. loss, .. tensors.Read(dx)];
            });
        }
    }

    private static float[] CrossEntropy(Device device, int classes, int samples, int[] labels, float smoothing, bool weighted, int? ignored)
    {
        using var tensors = new Gapped(device, device == CpuVariants.Reference ? 0 : 11);
        using var dense = new Guarded();
        var weights = weighted ? dense.Input(device, [.. TestData.Values(classes, 7).Select(value => value + 1.5f)]) : default;
        var (logits, dx) = (tensors.Input(samples, TestData.Values(samples * classes, 1, 8)), tensors.Output(samples, classes));
        var (loss, correct) = (new float[samples], new byte[samples]);
        var options = new CrossEntropyOptions(ignored, smoothing, weights);
        device.SoftmaxCrossEntropy(options, classes, samples, logits, labels, loss, correct, dx);
        return [.. loss, .. labels.Select((label, n) => label == ignored ? 0f : correct[n]), .. tensors.Read(dx)];
    }
}
