using Trainer.Kernels.Devices;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

public abstract class LossSuite(DeviceVariants variants)
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
                foreach (var ignored in new int?[] { null, -100, 0 })
                {
                    var given = ignored == -100 ? [.. labels.Select((label, i) => i % 3 == 1 ? -100 : label)] : labels;
                    variants.MustAgree($"smoothing {smoothing}, weights {weighted}, ignored {ignored}", 4e-5f, device =>
                        CrossEntropy(device, classes, samples, given, smoothing, weighted, ignored));
                }

                foreach (var share in new[] { 0, 0.3f, 0.5f, 1 })
                {
                    variants.MustAgree($"smoothing {smoothing}, weights {weighted}, share {share}", 4e-5f, device =>
                        CrossEntropy(device, classes, samples, labels, smoothing, weighted, null, share));
                }
            }
        }
    }

    /// <summary>e / s - onehot(label) and log s - (x - m), whatever the options' code does.</summary>
    [Fact]
    public void Without_options_the_gradient_is_that_of_plain_softmax()
    {
        foreach (var device in variants.All)
        {
            using var dense = new Guarded();
            var (x, y, dx) = (dense.Input(device, [1, 3, 0, 0]), dense.Output(device, 4), dense.Output(device, 4));
            var (label, loss, correct) = (dense.Labels(device, [1]), dense.Output(device, 1), dense.Output(device, 1));
            device.Elementwise.SoftmaxForward(4, 1, 1, false, x, y);
            device.Losses.SoftmaxCrossEntropy(default, 4, 1, x, label, loss, correct, dx);
            var p = device.Read(y);
            DeviceVariants.MustEqual("dx", [p[0], p[1] - 1, p[2], p[3]], device.Read(dx));
            device.Elementwise.SoftmaxForward(4, 1, 1, true, x, y);
            Assert.Equal([-device.Read(y)[1], 1], [.. device.Read(loss), .. device.Read(correct)]);
        }
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(19, 7)]
    [InlineData(20_011, 3)]
    public void Squared_error_equals_the_reference(int elements, int samples)
    {
        foreach (var factors in new LossFactors[] { new(1, 1), new(0.37f, 0.37f), new(1, 13) })
        {
            variants.MustEqualReference($"{factors}", device =>
            {
                using var tensors = new Gapped(device, device == DeviceVariants.Reference ? 0 : 11);
                using var dense = new Guarded();
                var y = tensors.Input(samples, TestData.Values(samples * elements, 1));
                var target = dense.Input(device, TestData.Values(samples * elements, 2));
                var (loss, correct, dx) = (dense.Output(device, samples), dense.Output(device, samples), tensors.Output(samples, elements));
                device.Losses.SquaredError(factors, elements, samples, y, target, loss, correct, dx);
                return [.. device.Read(loss), .. device.Read(correct), .. tensors.Read(dx)];
            });
        }
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(19, 7)]
    [InlineData(4099, 3)]
    public void Binary_cross_entropy_agrees(int elements, int samples)
    {
        foreach (var factors in new LossFactors[] { new(1, 1), new(1f / elements, 1f / elements), new(1, 13) })
        {
            variants.MustAgree($"{factors}", MathF.Max(4e-5f, 4e-6f * elements), device => BinaryCrossEntropy(
                device, factors, elements, samples, TestData.Values(samples * elements, 1, 12), [.. TestData.Values(samples * elements, 2).Select(value => (value + 1) / 2)]));
        }
    }

    /// <summary>However sure, a right answer's loss is e^-|x| and a wrong one's |x|; both gradients stay in proportion.</summary>
    [Fact]
    public void Binary_cross_entropy_cancels_nothing()
    {
        foreach (var device in variants.All)
        {
            float[] x = [-60, 60, -60, 60], targets = [0, 1, 1, 0];
            var found = BinaryCrossEntropy(device, new(1, 1), 1, 4, x, targets, 1);
            var small = Math.Exp(-60);
            Assert.Equal([small, small, 60, 60, 0, 1, 1, 0, small, -small, -1, 1], found.Select(value => (double)value), (a, b) => Math.Abs(a - b) <= 1e-6 * Math.Abs(a));
        }
    }

    /// <summary>Nothing is right where no class is wanted; of several that are, each is, and of mixed ones that with the larger share.</summary>
    [Fact]
    public void Of_several_targets_the_largest_ones_count_as_right_and_none_where_all_are_0()
    {
        const int Outputs = 19;
        foreach (var device in variants.All)
        {
            var (x, targets) = (new float[6 * Outputs], new float[6 * Outputs]);
            int[] answers = [0, 18, 0, 17, 3, 3];
            for (var i = 0; i < answers.Length; i++)
            {
                x[(i * Outputs) + answers[i]] = 1;
            }

            (targets[(2 * Outputs) + 17], targets[(3 * Outputs) + 17], targets[(3 * Outputs) + 1]) = (1, 1, 1);
            (targets[(4 * Outputs) + 3], targets[(4 * Outputs) + 18], targets[(5 * Outputs) + 3], targets[(5 * Outputs) + 18]) = (0.75f, 0.25f, 0.25f, 0.75f);
            Assert.Equal([0, 0, 0, 1, 1, 0], BinaryCrossEntropy(device, new(1, 1), Outputs, 6, x, targets, 1)[6..12]);
        }
    }

    private static float[] BinaryCrossEntropy(Device device, LossFactors factors, int elements, int samples, float[] x, float[] targets, float? weight = null)
    {
        using var tensors = new Gapped(device, device == DeviceVariants.Reference ? 0 : 11);
        using var dense = new Guarded();
        Tensor Weights(ulong seed) => dense.Input(device, [.. TestData.Values(elements, seed).Select(value => weight ?? (value + 1.5f))]);
        var (logits, target, weights, positive) = (tensors.Input(samples, x), dense.Input(device, targets), Weights(3), Weights(4));
        var (loss, correct, dx) = (dense.Output(device, samples), dense.Output(device, samples), tensors.Output(samples, elements));
        device.Losses.BinaryCrossEntropy(factors, elements, samples, weights, positive, logits, target, loss, correct, dx);
        return [.. device.Read(loss), .. device.Read(correct), .. tensors.Read(dx)];
    }

    private static float[] CrossEntropy(Device device, int classes, int samples, int[] labels, float smoothing, bool weighted, int? ignored, float? share = null)
    {
        using var tensors = new Gapped(device, device == DeviceVariants.Reference ? 0 : 11);
        using var dense = new Guarded();
        var weights = weighted ? dense.Input(device, [.. TestData.Values(classes, 7).Select(value => value + 1.5f)]) : default;
        var (logits, dx) = (tensors.Input(samples, TestData.Values(samples * classes, 1, 8)), tensors.Output(samples, classes));
        var (given, loss, correct) = (dense.Labels(device, labels), dense.Output(device, samples), dense.Output(device, samples));
        var options = new CrossEntropyOptions(ignored, smoothing, weights);
        if (share is { } first)
        {
            options = options with { OtherLabels = dense.Labels(device, [.. labels.Select(label => ((label * 3) + 2) % classes)]), Shares = new(first, 1 - first) };
        }

        device.Losses.SoftmaxCrossEntropy(options, classes, samples, logits, given, loss, correct, dx);
        var hits = device.Read(correct);
        return [.. device.Read(loss), .. labels.Select((label, n) => label == ignored ? 0 : hits[n]), .. tensors.Read(dx)];
    }
}
