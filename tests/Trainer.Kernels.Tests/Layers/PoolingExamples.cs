using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Tests.Layers;

public sealed class PoolingExamples : WorkedExamples
{
    private static readonly float[] Five = [3, 3, 2, 1, 0, 0, 0, 1, 3, 1, 3, 1, 2, 2, 3, 2, 0, 0, 2, 2, 2, 0, 0, 0, 1];

    [Fact]
    public void Two_by_two()
    {
        MustBe([4, 5, 7, 8], new MaxPool2d(2) { Stride = 1 }, 3, Count(0, 9));
        MustBe([2, 3, 5, 6], new AvgPool2d(2) { Stride = 1 }, 3, Count(0, 9));
    }

    [Fact]
    public void Strides_and_padding()
    {
        MustBe([10], new MaxPool2d(3), 4, Count(0, 16));
        MustBe([5, 7, 13, 15], new MaxPool2d(3) { Stride = 2, Padding = 1 }, 4, Count(0, 16));
        MustBe([5, 7, 13, 15], new MaxPool2d((2, 3)) { Stride = (2, 3), Padding = (0, 1) }, 4, Count(0, 16));
    }

    [Fact]
    public void Three_by_three()
    {
        MustBe([3, 3, 3, 3, 3, 3, 3, 2, 3], new MaxPool2d(3) { Stride = 1 }, 5, Five);
        MustBe([1.6667f, 1.6667f, 1.6667f, 1.0f, 1.2222f, 1.7778f, 1.1111f, 0.7778f, 1.3333f], new AvgPool2d(3) { Stride = 1 }, 5, Five, 5e-5f);
    }

    /// <summary>Channels do not see each other.</summary>
    [Fact]
    public void Channel_by_channel()
    {
        var (_, y) = Apply(new MaxPool2d(3) { Stride = 2, Padding = 1 }, new Shape(2, 4, 4), [.. Count(0, 16), .. Count(1, 16)]);

        Assert.Equal([5, 7, 13, 15, 6, 8, 14, 16], y);
    }

    private static void MustBe(float[] expected, Layer layer, int size, float[] x, float tolerance = 0)
    {
        var (_, y) = Apply(layer, new Shape(1, size, size), x);
        Assert.Equal(expected.Length, y.Length);
        Assert.All(expected.Zip(y), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= tolerance, $"expected {pair.First}, found {pair.Second}"));
    }
}
