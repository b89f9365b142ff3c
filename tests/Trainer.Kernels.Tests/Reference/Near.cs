namespace Trainer.Kernels.Tests.Reference;

/// <summary>How far float32 results may be from those of double precision.</summary>
/// <remarks>
/// A chain of n terms rounds n times, at random: its error is about sqrt(n) x 2^-24 of the largest partial sum, for which the largest
/// value of the tensor stands here (at least 1: inputs are of that size). Ten times that is allowed.
/// </remarks>
public static class Near
{
    private const double Rounding = 1.0 / (1 << 24);

    public static void Check(string what, ReadOnlySpan<double> expected, ReadOnlySpan<float> found, long terms)
    {
        Assert.Equal(expected.Length, found.Length);
        var largest = 1.0;
        foreach (var value in expected)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        var allowed = 10 * Math.Sqrt(terms) * Rounding * largest;
        for (var i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(found[i] - expected[i]) <= allowed))
            {
                Assert.Fail($"{what}[{i}] is {found[i]:R}, expected {expected[i]:R}; {allowed:G3} off is allowed");
            }
        }
    }
}
