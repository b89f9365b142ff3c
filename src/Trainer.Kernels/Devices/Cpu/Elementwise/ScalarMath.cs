namespace Trainer.Kernels.Devices.Cpu.Elementwise;

internal static class ScalarMath
{
    private const float SqrtHalf = 0.707106781186547524f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>
    /// The natural logarithm within 1 ulp. x = m 2^e with m in [sqrt 1/2, sqrt 2), f = m - 1, log x = e ln 2 + f - f^2/2 + f^3 p(f);
    /// p of degree 8 with the coefficients of S. Moshier's Cephes library (logf).
    /// </summary>
    public static float Log(float x)
    {
        if (!(x > 0) || float.IsPositiveInfinity(x))
        {
            return x == 0 ? float.NegativeInfinity : x > 0 ? x : float.NaN;
        }

        var scale = float.IsSubnormal(x) ? 24 : 0;
        var bits = BitConverter.SingleToInt32Bits(scale == 0 ? x : x * (1 << 24));
        var exponent = (bits >> 23) - 126 - scale;
        var mantissa = BitConverter.Int32BitsToSingle((bits & 0x007FFFFF) | 0x3F000000);
        if (mantissa < SqrtHalf)
        {
            exponent--;
            mantissa *= 2;
        }

        var f = mantissa - 1;
        var square = f * f;
        var y = MathF.FusedMultiplyAdd(Ln2Low, exponent, Polynomial(f) * f * square);
        y = MathF.FusedMultiplyAdd(-0.5f, square, y);
        return MathF.FusedMultiplyAdd(Ln2High, exponent, f + y);
    }

    private static float Polynomial(float f)
    {
        var p = MathF.FusedMultiplyAdd(7.0376836292e-2f, f, -1.1514610310e-1f);
        p = MathF.FusedMultiplyAdd(p, f, 1.1676998740e-1f);
        p = MathF.FusedMultiplyAdd(p, f, -1.2420140846e-1f);
        p = MathF.FusedMultiplyAdd(p, f, 1.4249322787e-1f);
        p = MathF.FusedMultiplyAdd(p, f, -1.6668057665e-1f);
        p = MathF.FusedMultiplyAdd(p, f, 2.0000714765e-1f);
        p = MathF.FusedMultiplyAdd(p, f, -2.4999993993e-1f);
        return MathF.FusedMultiplyAdd(p, f, 3.3333331174e-1f);
    }
}
