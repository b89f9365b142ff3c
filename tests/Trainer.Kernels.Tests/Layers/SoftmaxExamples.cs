using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Tests.Layers;

public sealed class SoftmaxExamples : WorkedExamples
{
    [Theory]
    [InlineData(new float[] { 1, 1, 0, 0 }, new[] { 0.366, 0.366, 0.134, 0.134 })]
    [InlineData(new float[] { 1, 3, 0, 0 }, new[] { 0.110, 0.810, 0.040, 0.040 })]
    public void Of_four(float[] x, double[] expected)
    {
        var (_, y) = Apply(new Softmax(), new Shape(4), x);
        Assert.All(expected.Zip(y), pair => Assert.Equal(pair.First, pair.Second, 5e-4));
        Assert.Equal(1, y.Sum(value => (double)value), 1e-6);

        var (_, logarithms) = Apply(new LogSoftmax(), new Shape(4), x);
        Assert.All(y.Zip(logarithms), pair => Assert.Equal(Math.Log(pair.First), pair.Second, 1e-6));
    }
}
