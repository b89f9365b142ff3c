namespace Trainer.Kernels.Tests.Reference;

/// <summary>Compares a gradient with central differences of the objective, (f(v + h) - f(v - h)) / 2h, in double precision.</summary>
/// <remarks>
/// The objective is made of float32 values, good to about 1e-7 each; with h = 1e-2 the quotient is good to about 1e-5 of the
/// objective's size, plus h^2 / 6 times the third derivative. <paramref name="tolerance"/> is relative to the larger of 1 and the gradient.
/// </remarks>
public sealed class GradientChecker(Func<double> objective, double tolerance = 2e-3)
{
    private const float Step = 1e-2f;

    /// <param name="blob">What is checked, for the message.</param>
    /// <param name="values">The memory that the objective reads.</param>
    /// <param name="gradient">The gradient under test, element by element.</param>
    public void Check(string blob, Span<float> values, ReadOnlySpan<float> gradient)
    {
        Assert.Equal(values.Length, gradient.Length);
        for (var i = 0; i < values.Length; i++)
        {
            var expected = Derivative(values, i);
            var allowed = tolerance * Math.Max(1, Math.Abs(expected));
            Assert.True(Math.Abs(gradient[i] - expected) <= allowed, $"{blob}[{i}]: gradient {gradient[i]}, central difference {expected}");
        }
    }

    private double Derivative(Span<float> values, int index)
    {
        var kept = values[index];
        var (above, below) = (kept + Step, kept - Step);
        values[index] = above;
        var right = objective();
        values[index] = below;
        var left = objective();
        values[index] = kept;
        return (right - left) / ((double)above - below);
    }
}
