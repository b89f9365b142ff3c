namespace Trainer.Kernels.Arithmetic;

/// <summary>The quotients of counts in Chan, Golub and LeVeque's formula for the moments of two sets together, rounded once.</summary>
internal static class MomentWeights
{
    /// <summary>
    /// What stands for an absent value in a sum over roots: x + -0 is x, bit for bit, +0 and -0 too.
    /// </summary>
    public const float Absent = -0f;

    /// <summary>n_b / n: how far the mean moves from a's to b's.</summary>
    public static float Share(long a, long b) => (float)((double)b / (a + b));

    /// <summary>n_a n_b / n: what the squared distance of the means adds to the squares.</summary>
    public static float Weight(long a, long b) => (float)((double)a * b / (a + b));

    /// <summary>a takes in b: the formulas of <see cref="LaneNorm{TSimd, TVector}"/> for one channel.</summary>
    public static void Join(ref float mean, ref float squares, float otherMean, float otherSquares, float share, float weight)
    {
        var d = otherMean - mean;
        squares = MathF.FusedMultiplyAdd(d * d, weight, squares + otherSquares);
        mean = MathF.FusedMultiplyAdd(d, share, mean);
    }
}
