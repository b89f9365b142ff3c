using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>Activations, sums and copies, dropout, softmax.</summary>
public abstract class ElementwiseSuite(DeviceVariants variants)
{
    private const int Gap = 13;

    /// <summary>Activations that are no polynomials.</summary>
    private static readonly Activation[] Exact =
        [Activation.None, Activation.Relu, Activation.LeakyRelu(0.01f), Activation.LeakyRelu(-0.5f), Activation.Relu6, Activation.Hardsigmoid, Activation.Hardswish];

    /// <summary>Samples and elements: one, less than a vector, many small samples, a sample of several pieces.</summary>
    public static TheoryData<int, int> Shapes => new() { { 1, 1 }, { 3, 15 }, { 1031, 19 }, { 2, 10_007 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Sums_equal_the_reference(int samples, int elements)
    {
        foreach (var (activation, addend) in LayerEpilogues.Outputs)
        {
            variants.MustEqualReference($"{activation}, addend {addend}", (device, gap) =>
            {
                using var tensors = new Gapped(device, gap);
                var x = tensors.Input(samples, TestData.Values(samples * elements, 1));
                var y = addend ? tensors.Input(samples, TestData.Values(samples * elements, 2)) : tensors.Output(samples, elements);
                device.Elementwise.Add(elements, samples, x, new OutputEpilogue(activation, addend ? y : default), y);
                return tensors.Read(y);
            });
        }

        foreach (var (activation, addend) in LayerEpilogues.Gradients)
        {
            variants.MustEqualReference($"backward, {activation}, addend {addend}", (device, gap) => Backward(device, gap, samples, elements, activation, addend, device.Elementwise.AddBackward));
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Exact_activations_equal_the_reference_and_may_work_in_place(int samples, int elements)
    {
        foreach (var activation in Exact)
        {
            variants.MustEqualReference($"{activation}", (device, gap) => Forward(device, gap, samples, elements, activation, 8));
            foreach (var (before, addend) in LayerEpilogues.Gradients)
            {
                variants.MustEqualReference($"{activation} backward, {before}, addend {addend}", (device, gap) =>
                    BackwardOf(activation, device, gap, samples, elements, before, addend));
            }
        }

        foreach (var activation in new[] { Activation.Sigmoid, Activation.Tanh })
        {
            variants.MustEqualReference($"{activation} backward", (device, gap) => BackwardOf(activation, device, gap, samples, elements, Activation.Relu, true));
        }
    }

    [Theory]
    [InlineData(ActivationKind.Sigmoid)]
    [InlineData(ActivationKind.Tanh)]
    [InlineData(ActivationKind.Gelu)]
    [InlineData(ActivationKind.GeluTanh)]
    [InlineData(ActivationKind.Silu)]
    [InlineData(ActivationKind.Elu, 0.7f)]
    [InlineData(ActivationKind.Elu, -0.3f)]
    public void Activations_by_polynomials_agree(ActivationKind kind, float slope = 0)
    {
        var activation = new Activation(kind, slope);
        foreach (var (samples, elements) in new[] { (3, 15), (7, 1009), (1, 40_009) })
        {
            variants.MustAgree($"{kind}", 2e-6f, device => Forward(device, 0, samples, elements, activation, 9));
            variants.MustAgree($"{kind} backward", 2e-6f, device => BackwardOf(activation, device, 0, samples, elements, Activation.None, false));
        }
    }

    [Theory]
    [InlineData(1, 40_009, 2)]
    [InlineData(37, 1, 19)]
    [InlineData(5, 301, 7)]
    public void Slopes_of_channels_equal_the_reference(int channels, int pixels, int samples)
    {
        var elements = channels * pixels;
        foreach (var (before, addend) in LayerEpilogues.Gradients)
        {
            variants.MustEqualReference($"{before}, addend {addend}", (device, gap) =>
            {
                using var tensors = new Gapped(device, gap);
                using var dense = new Guarded();
                var slope = dense.Input(device, TestData.Values(channels, 6));
                var (x, y) = (tensors.Input(samples, TestData.Values(samples * elements, 1)), tensors.Output(samples, elements));
                var terms = tensors.Output(samples, elements);
                device.Elementwise.PReluForward(channels, pixels, samples, x, slope, y);
                var dx = Backward(device, gap, samples, elements, before, addend, (long _, int _, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
                    device.Elementwise.PReluBackward(channels, pixels, samples, x, dy, slope, terms, epilogue, dx));
                return [.. tensors.Read(y), .. tensors.Read(terms), .. dx];
            });
        }
    }

    [Theory]
    [InlineData(1, 40_009, 2)]
    [InlineData(2053, 1, 19)]
    [InlineData(5, 301, 7)]
    public void Products_and_gates_equal_the_reference(int channels, int pixels, int samples)
    {
        var elements = channels * pixels;
        foreach (var (activation, addend) in LayerEpilogues.Outputs)
        {
            variants.MustEqualReference($"{activation}, addend {addend}", (device, gap) =>
            {
                using var tensors = new Gapped(device, gap);
                var (x, factor) = (tensors.Input(samples, TestData.Values(samples * elements, 1)), tensors.Input(samples, TestData.Values(samples * channels, 2)));
                var y = addend ? tensors.Input(samples, TestData.Values(samples * elements, 3)) : tensors.Output(samples, elements);
                device.Elementwise.Multiply(channels, pixels, samples, x, factor, new OutputEpilogue(activation, addend ? y : default), y);
                return tensors.Read(y);
            });
        }

        foreach (var (before, addend) in LayerEpilogues.Gradients)
        {
            variants.MustEqualReference($"backward, {before}, addend {addend}", (device, gap) =>
            {
                using var tensors = new Gapped(device, gap);
                var (x, factor) = (tensors.Input(samples, TestData.Values(samples * elements, 1)), tensors.Input(samples, TestData.Values(samples * channels, 2)));
                var side = Backward(device, gap, samples, elements, before, addend, (long _, int _, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
                    device.Elementwise.MultiplyBackward(channels, pixels, samples, dy, factor, epilogue, dx));
                var all = tensors.Input(samples, TestData.Values(samples * elements, 8));
                var gate = Backward(device, gap, samples, channels, before, addend, (long _, int _, Tensor _, in GradientEpilogue epilogue, Tensor dx) =>
                    device.Elementwise.GateBackward(channels, pixels, samples, all, x, epilogue, dx));
                return [.. side, .. gate];
            });
        }
    }

    [Fact]
    public void Relu_keeps_nan_and_its_gradient_passes_where_the_output_is_nan()
    {
        foreach (var device in variants.All)
        {
            using var tensors = new Gapped(device, 0);
            var x = tensors.Input(1, [float.NaN, -1, 2, 0, float.NegativeInfinity, float.PositiveInfinity]);
            device.Elementwise.ActivationForward(Activation.Relu, 6, 1, x, x);
            Assert.Equal([float.NaN, 0, 2, 0, 0, float.PositiveInfinity], tensors.Read(x));
            var dy = tensors.Input(1, [1, 2, 3, 4, 5, 6]);
            device.Elementwise.ActivationBackward(Activation.Relu, 6, 1, x, dy, GradientEpilogue.None, dy);
            Assert.Equal([1, 0, 3, 0, 0, 6], tensors.Read(dy));
        }
    }

    [Theory]
    [InlineData(0.5, false, 7, 1)]
    [InlineData(0.3, false, 5, 1009)]
    [InlineData(0.7, false, 3, 20_011)]
    [InlineData(0.0, false, 3, 5)]
    [InlineData(1.0, false, 3, 37)]
    [InlineData(0.3, true, 37, 49)]
    [InlineData(0.5, true, 67, 301)]
    public void Dropout_equals_the_reference(double p, bool perChannel, int channels, int pixels)
    {
        var draw = new DropoutDraw(p, 0x1234_5678_9ABC_DEF0, 17, 0x1_0000_0003, perChannel);
        foreach (var slice in Slices.Of(4))
        {
            var (samples, elements) = (slice.LocalSamples, channels * pixels);
            variants.MustEqualReference($"{draw}, {Slices.NameOf(slice)}", (device, gap) =>
            {
                using var tensors = new Gapped(device, gap);
                var (x, y) = (tensors.Input(samples, TestData.Values(samples * elements, 1)), tensors.Output(samples, elements));
                device.Elementwise.DropoutForward(draw, channels, pixels, slice, x, y);
                return tensors.Read(y);
            });
            var (before, addend) = LayerEpilogues.Gradients[(slice.Shards + channels) % LayerEpilogues.Gradients.Count];
            variants.MustEqualReference($"{draw} backward, {Slices.NameOf(slice)}, {before}, addend {addend}", (device, gap) =>
                Backward(device, gap, samples, elements, before, addend, (long _, int _, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
                    device.Elementwise.DropoutBackward(draw, channels, pixels, slice, dy, epilogue, dx)));
        }
    }

    [Fact]
    public void Dropout_drops_its_share_and_other_positions_steps_and_layers_draw_otherwise()
    {
        const int Count = 40_000;
        var device = variants.All[0];
        float[] Draw(DropoutDraw draw, int position)
        {
            using var tensors = new Gapped(device, 0);
            var x = tensors.Input(1, [.. Enumerable.Repeat(1f, Count)]);
            device.Elementwise.DropoutForward(draw, 1, Count, new BatchSlice(8, 8, [new(position, position + 1)]), x, x);
            return tensors.Read(x);
        }

        var draw = new DropoutDraw(0.25, 1, 2, 3, false);
        var values = Draw(draw, 0);
        Assert.Equal([0, (float)(1 / 0.75)], values.Distinct().Order());
        Assert.InRange(values.Count(value => value == 0) / (double)Count, 0.24, 0.26);
        foreach (var other in new[] { Draw(draw, 1), Draw(draw with { Step = 4 }, 0), Draw(draw with { Layer = 3 }, 0), Draw(draw with { Seed = 2 }, 0) })
        {
            Assert.InRange(values.Zip(other).Count(pair => pair.First == pair.Second) / (double)Count, 0.61, 0.64);
        }
    }

    [Theory]
    [InlineData(4, 1, 7)]
    [InlineData(1, 5, 2)]
    [InlineData(11, 37, 3)]
    [InlineData(1031, 1, 2)]
    [InlineData(700, 19, 2)]
    public void Softmax_agrees(int channels, int pixels, int samples)
    {
        var elements = channels * pixels;
        foreach (var log in new[] { false, true })
        {
            variants.MustAgree($"log {log}", 5e-6f, device =>
            {
                using var tensors = new Gapped(device, device == DeviceVariants.Reference ? 0 : Gap);
                var x = tensors.Input(samples, TestData.Values(samples * elements, 1, 10));
                var y = tensors.Output(samples, elements);
                device.Elementwise.SoftmaxForward(channels, pixels, samples, log, x, y);
                return tensors.Read(y);
            });
            variants.MustAgree($"log {log} backward", 5e-5f, device =>
            {
                using var tensors = new Gapped(device, device == DeviceVariants.Reference ? 0 : Gap);
                var y = tensors.Input(samples, [.. TestData.Values(samples * elements, 3).Select(value => log ? value - 1 : MathF.Abs(value))]);
                var (dy, dx) = (tensors.Input(samples, TestData.Values(samples * elements, 4)), tensors.Output(samples, elements));
                device.Elementwise.SoftmaxBackward(channels, pixels, samples, log, y, dy, new GradientEpilogue(Activation.Relu, y), dx);
                return tensors.Read(dx);
            });
        }
    }

    /// <summary>D2L's worked examples.</summary>
    [Theory]
    [InlineData(new[] { 1f, 1, 0, 0 }, new[] { 0.366f, 0.366f, 0.134f, 0.134f })]
    [InlineData(new[] { 1f, 3, 0, 0 }, new[] { 0.110f, 0.810f, 0.040f, 0.040f })]
    public void Softmax_to_the_digit(float[] x, float[] y)
    {
        var device = variants.All[0];
        using var tensors = new Gapped(device, 0);
        var values = tensors.Input(1, x);
        device.Elementwise.SoftmaxForward(4, 1, 1, false, values, values);
        Assert.Equal(y, tensors.Read(values).Select(value => MathF.Round(value, 3)));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public void Softmax_of_nan_is_nan(int pixels, bool log)
    {
        foreach (var device in variants.All)
        {
            using var tensors = new Gapped(device, 0);
            var x = tensors.Input(1, [.. Enumerable.Repeat(1f, pixels), .. Enumerable.Repeat(float.NaN, pixels), .. Enumerable.Repeat(2f, pixels)]);
            device.Elementwise.SoftmaxForward(3, pixels, 1, log, x, x);
            Assert.All(tensors.Read(x), value => Assert.True(float.IsNaN(value), $"{device.Description}: {value:R}"));
        }
    }

    private delegate void Gradient(long elements, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    private static float[] Forward(Device device, int gap, int samples, int elements, Activation activation, float bound)
    {
        using var tensors = new Gapped(device, gap);
        var x = tensors.Input(samples, TestData.Values(samples * elements, 1, bound));
        device.Elementwise.ActivationForward(activation, elements, samples, x, x);
        return tensors.Read(x);
    }

    private static float[] BackwardOf(Activation activation, Device device, int gap, int samples, int elements, Activation before, bool addend) =>
        Backward(device, gap, samples, elements, before, addend, (long _, int _, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        {
            using var sources = new Gapped(device, gap);
            var source = sources.Input(samples, TestData.Values(samples * elements, 11, activation.Kind == ActivationKind.Relu6 ? 8 : activation.HasDerivativeOfOutput ? 1 : 5));
            device.Elementwise.ActivationBackward(activation, elements, samples, source, dy, epilogue, dx);
        });

    private static float[] Backward(Device device, int gap, int samples, int elements, Activation before, bool addend, Gradient run)
    {
        using var tensors = new Gapped(device, gap);
        var dy = tensors.Input(samples, TestData.Values(samples * elements, 3));
        var output = tensors.Input(samples, TestData.Values(samples * elements, 4));
        var dx = addend ? tensors.Input(samples, TestData.Values(samples * elements, 5)) : tensors.Output(samples, elements);
        run(elements, samples, dy, new GradientEpilogue(before, output, addend ? dx : default), dx);
        return tensors.Read(dx);
    }

}
