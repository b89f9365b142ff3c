namespace Trainer.Kernels.Arithmetic;

/// <summary>Functions of one value: the same text, and the same bits, on the CPU and in a GPU's kernels.</summary>
internal static class ScalarMath<TMath>
    where TMath : IRoundedMath<float>
{
    private const int InfinityBits = 0x7F800000;
    private const int SmallestNormalBits = 0x00800000;
    private const float SqrtHalf = 0.707106781186547524f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>
    /// The natural logarithm within 1 ulp. x = m 2^e with m in [sqrt 1/2, sqrt 2), f = m - 1, log x = e ln 2 + f - f^2/2 + f^3 p(f);
    /// p of degree 8 with the coefficients of S. Moshier's Cephes library (logf).
    /// </summary>
    public static float Log(float x)
    {
        // By bits: ILGPU's OpenCL takes a branch on a comparison with NaN for one on its opposite.
        var bits = BitConverter.SingleToInt32Bits(x);
        if (bits <= 0 || bits >= InfinityBits)
        {
            return (bits & int.MaxValue) == 0 ? float.NegativeInfinity : bits == InfinityBits ? x : float.NaN;
        }

        var isSubnormal = bits < SmallestNormalBits;
        bits = isSubnormal ? BitConverter.SingleToInt32Bits(TMath.Multiply(x, 1 << 24)) : bits;
        var exponent = (bits >> 23) - (isSubnormal ? 126 + 24 : 126);
        var mantissa = BitConverter.Int32BitsToSingle((bits & 0x007FFFFF) | 0x3F000000);
        if (mantissa < SqrtHalf)
        {
            exponent--;
            mantissa = TMath.Add(mantissa, mantissa);
        }

        var f = TMath.Subtract(mantissa, 1);
        var square = TMath.Multiply(f, f);
        var y = TMath.MultiplyAdd(Ln2Low, exponent, TMath.Multiply(TMath.Multiply(Polynomial(f), f), square));
        y = TMath.MultiplyAdd(-0.5f, square, y);
        return TMath.MultiplyAdd(Ln2High, exponent, TMath.Add(f, y));
    }

    private static float Polynomial(float f)
    {
        var p = TMath.MultiplyAdd(7.0376836292e-2f, f, -1.1514610310e-1f);
        p = TMath.MultiplyAdd(p, f, 1.1676998740e-1f);
        p = TMath.MultiplyAdd(p, f, -1.2420140846e-1f);
        p = TMath.MultiplyAdd(p, f, 1.4249322787e-1f);
        p = TMath.MultiplyAdd(p, f, -1.6668057665e-1f);
        p = TMath.MultiplyAdd(p, f, 2.0000714765e-1f);
        p = TMath.MultiplyAdd(p, f, -2.4999993993e-1f);
        return TMath.MultiplyAdd(p, f, 3.3333331174e-1f);
    }
}
