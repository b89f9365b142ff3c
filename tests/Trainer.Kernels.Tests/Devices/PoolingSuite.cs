using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

public abstract class PoolingSuite(DeviceVariants variants)
{
    public static TheoryData<Pool2dGeometry, int> Pools => new()
    {
        { new(6, 28, 28, 2, 2, 2, 2, 0, 0), 3 },
        { new(3, 7, 9, 2, 2, 2, 2, 0, 0), 2 },
        { new(2, 67, 71, 2, 2, 2, 2, 0, 0), 1 },
        { new(3, 54, 54, 3, 3, 2, 2, 0, 0), 2 },
        { new(5, 48, 47, 3, 3, 2, 2, 1, 1), 2 },
        { new(7, 12, 13, 3, 3, 1, 1, 1, 1), 3 },
        { new(2, 40, 37, 3, 3, 1, 1, 0, 0), 2 },
        { new(2, 7, 9, 3, 2, 1, 2, 1, 0), 3 },
        { new(1, 5, 5, 5, 5, 1, 1, 0, 0), 4 },
        { new(3, 5, 7, 2, 3, 3, 2, 1, 1), 1 },
        { new(2, 19, 23, 4, 5, 3, 4, 2, 2), 2 },
        { new(2, 11, 10, 3, 3, 2, 2, 0, 0, CeilMode: true), 3 },
        { new(2, 12, 15, 3, 2, 2, 3, 1, 1, CeilMode: true), 2 },
        { new(2, 41, 6, 17, 2, 3, 3, 8, 1, CeilMode: true), 2 },
        { new(2, 23, 31, 19, 17, 2, 3, 5, 0), 2 },
        { new(11, 1, 1, 1, 1, 1, 1, 0, 0), 3 },
        { new(2, 3, 1, 3, 41, 1, 1, 1, 20), 2 },
        { new(2, 75, 29, 3, 3, 2, 2, 1, 1), 2 },
        { new(2, 6, 6, 3, 3, 1, 1, 1, 1), 3 },
        { new(3, 13, 17, 3, 3, 1, 1, 0, 0), 2 },
        { new(2, 7, 37, 3, 3, 1, 1, 1, 0), 2 },
        { new(3, 1, 1, 3, 3, 2, 2, 1, 1), 2 },
        { new(2, 3, 3, 3, 3, 1, 1, 1, 1), 5 },
        { new(2, 8, 35, 3, 3, 2, 2, 0, 1), 2 },
        { new(2, 9, 18, 3, 3, 2, 2, 1, 0, CeilMode: true), 3 },
        { new(2, 6, 5, 7, 7, 2, 3, 0, 0, CeilMode: true), 3 },
        { new(3, 1, 2, 2, 5, 2, 4, 0, 0, CeilMode: true), 2 },
        { new(2, 3, 2, 8, 6, 3, 3, 2, 1, CeilMode: true), 2 },
    };

    public static TheoryData<Pool2dGeometry, int> Dilated => new()
    {
        { new(2, 17, 19, 3, 3, 1, 1, 1, 1, 2, 2), 2 },
        { new(3, 21, 37, 2, 3, 2, 2, 1, 1, 3, 2), 2 },
        { new(1, 23, 25, 3, 4, 3, 2, 1, 2, 1, 3, true), 3 },
        { new(2, 5, 6, 2, 1, 1, 1, 0, 0, 1, 9), 3 },
        { new(2, 5, 7, 1, 3, 2, 2, 0, 1, 23, 2), 2 },
        { new(2, 3, 4, 2, 2, 3, 4, 0, 0, 4, 6, true), 2 },
    };

    public static TheoryData<AdaptivePool2dGeometry, int> Adaptive => new()
    {
        { new(7, 7, 7, 1, 1), 3 },
        { new(3, 13, 11, 1, 1), 2 },
        { new(3, 13, 11, 5, 3), 2 },
        { new(2, 5, 4, 7, 9), 3 },
        { new(2, 6, 6, 6, 6), 1 },
        { new(2, 33, 21, 4, 1), 2 },
    };

    [Theory]
    [InlineData(3, 5, 7, 2, 0, 1, 3)]
    [InlineData(2, 131, 67, 1, 1, 1, 1)]
    [InlineData(1, 1, 1, 0, 5, 0, 0)]
    public void Zeros_around_images_equal_the_reference(int channels, int height, int width, int left, int right, int top, int bottom)
    {
        const int samples = 3;
        var g = new Pad2dGeometry(channels, height, width, left, right, top, bottom);
        var (inside, all) = (g.C * g.H * g.W, g.C * g.P * g.Q);
        foreach (var (before, addend) in LayerEpilogues.Gradients)
        {
            variants.MustEqualReference($"{g}, {before}, addend {addend}", (device, gap) =>
            {
                using var tensors = new Gapped(device, gap);
                var (x, y) = (tensors.Input(samples, TestData.Values(samples * inside, 1)), tensors.Output(samples, all));
                device.Elementwise.ZeroPad2dForward(g, samples, x, y);
                var dy = tensors.Input(samples, TestData.Values(samples * all, 2));
                var output = tensors.Input(samples, TestData.Values(samples * inside, 3));
                var dx = addend ? tensors.Input(samples, TestData.Values(samples * inside, 4)) : tensors.Output(samples, inside);
                device.Elementwise.ZeroPad2dBackward(g, samples, dy, new GradientEpilogue(before, output, addend ? dx : default), dx);
                return [.. tensors.Read(y), .. tensors.Read(dx)];
            });
        }
    }

    [Theory]
    [MemberData(nameof(Pools))]
    [MemberData(nameof(Dilated))]
    public void Max_pooling_equals_the_reference(Pool2dGeometry g, int samples)
    {
        var (image, pooled) = (g.C * g.H * g.W, g.C * g.P * g.Q);
        foreach (var (activation, addend) in LayerEpilogues.Outputs)
        {
            variants.MustEqualReference($"{g} forward, {activation}, addend {addend}", (device, gap) =>
                Forward(device, gap, samples, TiesAndNaN(samples * image), pooled, activation, addend, (x, epilogue, y) =>
                    device.Pooling.MaxPool2dForward(g, samples, x, epilogue, y, default)));
        }

        foreach (var (activation, addend) in LayerEpilogues.Gradients)
        {
            variants.MustEqualReference($"{g} backward, {activation}, addend {addend}", (device, gap) =>
            {
                using var tensors = new Gapped(device, gap);
                using var dense = new Guarded();
                var chosen = dense.Output(device, device == DeviceVariants.Reference ? samples * pooled : samples * g.ChosenElements);
                var (x, y) = (tensors.Input(samples, TiesAndNaN(samples * image)), tensors.Output(samples, pooled));
                device.Pooling.MaxPool2dForward(g, samples, x, OutputEpilogue.None, y, chosen);
                return Backward(device, gap, samples, pooled, image, activation, addend, (dy, epilogue, dx) =>
                    device.Pooling.MaxPool2dBackward(g, samples, dy, chosen, epilogue, dx));
            });
        }
    }

    [Theory]
    [MemberData(nameof(Pools))]
    public void Average_pooling_equals_the_reference(Pool2dGeometry g, int samples)
    {
        var (image, pooled) = (g.C * g.H * g.W, g.C * g.P * g.Q);
        foreach (var countsPad in new[] { true, false })
        {
            foreach (var (activation, addend) in LayerEpilogues.Outputs)
            {
                variants.MustEqualReference($"{g} forward, {activation}, addend {addend}", (device, gap) =>
                    Forward(device, gap, samples, TestData.Values(samples * image, 1), pooled, activation, addend, (x, epilogue, y) =>
                        device.Pooling.AvgPool2dForward(g, countsPad, samples, x, epilogue, y)));
            }

            foreach (var (activation, addend) in LayerEpilogues.Gradients)
            {
                variants.MustEqualReference($"{g} backward, {activation}, addend {addend}", (device, gap) =>
                    Backward(device, gap, samples, pooled, image, activation, addend, (dy, epilogue, dx) =>
                        device.Pooling.AvgPool2dBackward(g, countsPad, samples, dy, epilogue, dx)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Adaptive))]
    public void Adaptive_pooling_equals_the_reference(AdaptivePool2dGeometry g, int samples)
    {
        var (image, pooled) = (g.C * g.H * g.W, g.C * g.P * g.Q);
        foreach (var (activation, addend) in LayerEpilogues.Outputs)
        {
            variants.MustEqualReference($"{g} average, {activation}, addend {addend}", (device, gap) =>
                Forward(device, gap, samples, TestData.Values(samples * image, 1), pooled, activation, addend, (x, epilogue, y) =>
                    device.Pooling.AdaptiveAvgPool2dForward(g, samples, x, epilogue, y)));
            variants.MustEqualReference($"{g} max, {activation}, addend {addend}", (device, gap) =>
                Forward(device, gap, samples, TiesAndNaN(samples * image), pooled, activation, addend, (x, epilogue, y) =>
                    device.Pooling.AdaptiveMaxPool2dForward(g, samples, x, epilogue, y, default)));
        }

        foreach (var (activation, addend) in LayerEpilogues.Gradients)
        {
            variants.MustEqualReference($"{g} average backward, {activation}, addend {addend}", (device, gap) =>
                Backward(device, gap, samples, pooled, image, activation, addend, (dy, epilogue, dx) =>
                    device.Pooling.AdaptiveAvgPool2dBackward(g, samples, dy, epilogue, dx)));
            variants.MustEqualReference($"{g} max backward, {activation}, addend {addend}", (device, gap) =>
            {
                using var tensors = new Gapped(device, gap);
                using var dense = new Guarded();
                var chosen = dense.Output(device, samples * pooled);
                var (x, y) = (tensors.Input(samples, TiesAndNaN(samples * image)), tensors.Output(samples, pooled));
                device.Pooling.AdaptiveMaxPool2dForward(g, samples, x, OutputEpilogue.None, y, chosen);
                return Backward(device, gap, samples, pooled, image, activation, addend, (dy, epilogue, dx) =>
                    device.Pooling.AdaptiveMaxPool2dBackward(g, samples, dy, chosen, epilogue, dx));
            });
        }
    }

    [Fact]
    public void Of_equal_values_the_first_is_chosen_and_of_several_nan_the_first()
    {
        var g = new Pool2dGeometry(1, 2, 6, 2, 2, 2, 2, 0, 0);
        foreach (var device in variants.All)
        {
            using var tensors = new Gapped(device, 0);
            var x = tensors.Input(1, [3, 3, 1, float.NaN, float.NegativeInfinity, float.NegativeInfinity, 3, 3, float.NaN, 9, float.NegativeInfinity, 0]);
            var (y, chosen) = (tensors.Output(1, 3), tensors.Output(1, 1));
            device.Pooling.MaxPool2dForward(g, 1, x, OutputEpilogue.None, y, chosen);
            Assert.Equal([3, float.NaN, 0], tensors.Read(y));
            var (dy, dx) = (tensors.Input(1, [1, 2, 4]), tensors.Output(1, 12));
            device.Pooling.MaxPool2dBackward(g, 1, dy, chosen, GradientEpilogue.None, dx);
            Assert.Equal([1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 4], tensors.Read(dx));
        }
    }

    [Fact]
    public void Wrong_geometry_is_refused_in_words()
    {
        var device = variants.All[0];
        using var tensors = new Guarded();
        var (x, y, chosen) = (tensors.Output(device, 200), tensors.Output(device, 200), tensors.Output(device, 20));
        void Fails(string message, Action call) => Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(call).Message);
        var g = new Pool2dGeometry(1, 9, 8, 3, 2, 1, 1, 0, 0);

        Fails("MaxPool2dForward: padding (2, 0), expected at most half of window (3, 2).", () =>
            device.Pooling.MaxPool2dForward(g with { PadH = 2 }, 1, x, OutputEpilogue.None, y, default));
        Fails("AvgPool2dForward: dilation (2, 1), expected (1, 1).", () =>
            device.Pooling.AvgPool2dForward(g with { DilationH = 2 }, true, 1, x, OutputEpilogue.None, y));
        Fails("MaxPool2dForward: dilation (1, 9), expected (1, 1) to the image's size (9, 8), beyond which a window could lie in padding alone.", () =>
            device.Pooling.MaxPool2dForward(g with { DilationW = 9, PadW = 1 }, 1, x, OutputEpilogue.None, y, default));
        Fails("MaxPool2dForward: samples of x start every 71 elements, (2,1,9,8) has 72 in each.", () =>
            device.Pooling.MaxPool2dForward(g, 2, x with { SampleStride = 71 }, OutputEpilogue.None, y, default));
        Fails("MaxPool2dForward: x has 200 elements, (2,1,9,8) with samples every 130 needs 202.", () =>
            device.Pooling.MaxPool2dForward(g, 2, x with { SampleStride = 130 }, OutputEpilogue.None, y, default));
        Fails("MaxPool2dBackward: the epilogue's activation is Gelu, expected one whose derivative follows from its output.", () =>
            device.Pooling.MaxPool2dBackward(g, 1, y, chosen, new GradientEpilogue(Activation.Gelu, x), x));
    }

    private static float[] Forward(
        Device device, int gap, int samples, float[] values, int outputs, Activation activation, bool addend, Action<Tensor, OutputEpilogue, Tensor> run)
    {
        using var tensors = new Gapped(device, gap);
        var x = tensors.Input(samples, values);
        var y = addend ? tensors.Input(samples, TestData.Values(samples * outputs, 5)) : tensors.Output(samples, outputs);
        run(x, new OutputEpilogue(activation, addend ? y : default), y);
        return tensors.Read(y);
    }

    private static float[] Backward(
        Device device, int gap, int samples, int outputs, int inputs, Activation before, bool addend, Action<Tensor, GradientEpilogue, Tensor> run)
    {
        using var tensors = new Gapped(device, gap);
        var dy = tensors.Input(samples, TestData.Values(samples * outputs, 2));
        var output = tensors.Input(samples, TestData.Values(samples * inputs, 3));
        var dx = addend ? tensors.Input(samples, TestData.Values(samples * inputs, 4)) : tensors.Output(samples, inputs);
        run(dy, new GradientEpilogue(before, output, addend ? dx : default), dx);
        return tensors.Read(dx);
    }

    /// <summary>Few different values, so that windows have several largest; some NaN, some infinite.</summary>
    private static float[] TiesAndNaN(int count)
    {
        var values = TestData.Values(count, 1, 3);
        for (var i = 0; i < count; i++)
        {
            values[i] = i % 97 == 31 ? float.NaN : i % 89 < 3 ? float.NegativeInfinity : MathF.Round(values[i]);
        }

        return values;
    }
}
