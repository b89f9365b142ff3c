using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Functional;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Layers;

public sealed class ConvolutionExamples : WorkedExamples
{
    private static readonly float[] TwoChannels = [.. Count(0, 9), .. Count(1, 9)];

    private static readonly float[] TwoKernels = [.. Count(0, 4), .. Count(1, 4)];

    [Fact]
    public void One_channel() => MustBe(
        new Shape(1, 2, 2), [19, 25, 37, 43], Apply(new Conv2d(1, 2) { Bias = false }, new Shape(1, 3, 3), Count(0, 9), Count(0, 4)));

    [Fact]
    public void Two_input_channels() => MustBe(
        new Shape(1, 2, 2), [56, 72, 104, 120], Apply(new Conv2d(1, 2) { Bias = false }, new Shape(2, 3, 3), TwoChannels, TwoKernels));

    [Fact]
    public void Three_output_channels()
    {
        var kernels = Enumerable.Range(0, 3).SelectMany(plus => TwoKernels.Select(value => value + plus));

        MustBe(
            new Shape(3, 2, 2),
            [56, 72, 104, 120, 76, 100, 148, 172, 96, 128, 192, 224],
            Apply(new Conv2d(3, 2) { Bias = false }, new Shape(2, 3, 3), TwoChannels, [.. kernels]));
    }

    /// <summary>Both add products in the order of the channels, so the same bits come out.</summary>
    [Fact]
    public void One_by_one_is_a_linear_layer_over_channels()
    {
        var (x, weight, bias) = (TestData.Values(5 * 3 * 7, 1), TestData.Values(11 * 5, 2), TestData.Values(11, 3));
        var (_, convolved) = Apply(new Conv2d(11, 1), new Shape(5, 3, 7), x, weight, bias);
        for (var pixel = 0; pixel < 21; pixel++)
        {
            var (_, features) = Apply(new Linear(11), new Shape(5), [.. Enumerable.Range(0, 5).Select(c => x[(c * 21) + pixel])], weight, bias);

            Assert.Equal(features, Enumerable.Range(0, 11).Select(k => convolved[(k * 21) + pixel]));
        }
    }

    [Fact]
    public void Shapes()
    {
        Assert.Equal(new Shape(1, 8, 8), new Conv2d(1, 3) { Padding = 1 }.OutputShape(new Shape(1, 8, 8)));
        Assert.Equal(new Shape(1, 8, 8), new Conv2d(1, (5, 3)) { Padding = (2, 1) }.OutputShape(new Shape(1, 8, 8)));
        Assert.Equal(new Shape(1, 4, 4), new Conv2d(1, 3) { Padding = 1, Stride = 2 }.OutputShape(new Shape(1, 8, 8)));
        Assert.Equal(new Shape(1, 2, 2), new Conv2d(1, (3, 5)) { Padding = (0, 1), Stride = (3, 4) }.OutputShape(new Shape(1, 8, 8)));
    }

    [Fact]
    public void A_difference_finds_the_edges_that_cross_it()
    {
        MustBe(new Shape(1, 6, 7), Edges(), Apply(new Conv2d(1, (1, 2)) { Bias = false }, new Shape(1, 6, 8), Stripe(), [1, -1]));

        float[] transposed = [.. Enumerable.Range(0, 48).Select(i => Stripe()[(i % 6 * 8) + (i / 6)])];
        MustBe(new Shape(1, 8, 5), new float[40], Apply(new Conv2d(1, (1, 2)) { Bias = false }, new Shape(1, 8, 6), transposed, [1, -1]));
    }

    /// <summary>From any start: the seed of the weights is not chosen.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void The_kernel_that_finds_edges_can_be_learnt(ulong seed)
    {
        using var device = CpuDevice.Create(2);
        var (f, layer, input) = (new Functions(device), new Conv2d(1, (1, 2)) { Bias = false }, new Shape(1, 6, 8));
        var (x, target, weight) = (new NdArray(input, Stripe()), new NdArray(new Shape(1, 6, 7), Edges()), new NdArray(new Shape(1, 1, 1, 2), new float[2]));
        layer.Parameters(input)[0].Initial.Fill(weight.Values, seed, 0);
        for (var step = 0; step < 10; step++)
        {
            var dy = f.Apply(layer, x, weight).Zip(target, (found, wanted) => 2 * (found - wanted));
            weight = weight.Zip(f.Gradients(layer, x, dy, weight).Parameters[0], (value, gradient) => value - (3e-2f * gradient));
        }

        Assert.Equal(1, weight.Values[0], 0.1f);
        Assert.Equal(-1, weight.Values[1], 0.1f);
    }

    private static void MustBe(Shape shape, float[] expected, (Shape Shape, float[] Y) found)
    {
        Assert.Equal(shape, found.Shape);
        Assert.Equal(expected, found.Y);
    }

    /// <summary>6 x 8 ones whose columns 2 to 5 are zero.</summary>
    private static float[] Stripe() => [.. Enumerable.Range(0, 48).Select(i => i % 8 is >= 2 and < 6 ? 0f : 1f)];

    /// <summary>6 x 7: 1 where the stripe begins, -1 where it ends.</summary>
    private static float[] Edges() => [.. Enumerable.Range(0, 42).Select(i => i % 7 == 1 ? 1f : i % 7 == 5 ? -1f : 0f)];
}
