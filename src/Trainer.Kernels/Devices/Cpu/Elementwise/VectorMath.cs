using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>exp and sigmoid as polynomials of our own: the same bits on every instruction set, within 1 and 2.25 ulp of the true value.</summary>
/// <remarks>
/// exp(x) = 2^n e^r with n = round(x / ln 2) and |r| at most ln 2 / 2; e^r = 1 + r + r^2 p(r), p of degree 5 with the coefficients of
/// S. Moshier's Cephes library (expf). Every use has x &lt;= 0, so nothing overflows; subnormal results are rounded once.
/// </remarks>
internal static class VectorMath<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>1.5 x 2^23: adding it rounds to the nearest integer, which is left in the low bits.</summary>
    private const float Rounder = 12582912f;

    /// <summary>Half of the smallest subnormal is e^-104.0: below this, e^x rounds to 0.</summary>
    private const float Lowest = -104.5f;
    private const float Log2E = 1.44269504f;
    private const float Ln2High = 0.693147182464599609375f;
    private const float Ln2Low = -1.904654323148236e-9f;

    /// <summary>e^x for x &lt;= 0 (NaN stays NaN): 0 below -104.5.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector ExpOfNonPositive(TVector x)
    {
        var (lowest, rounder) = (TSimd.Broadcast(Lowest), TSimd.Broadcast(Rounder));
        x = TSimd.SelectLess(x, lowest, lowest, x);
        var n = TSimd.Subtract(TSimd.MultiplyAdd(x, TSimd.Broadcast(Log2E), rounder), rounder);
        var r = TSimd.MultiplyAdd(n, TSimd.Broadcast(-Ln2High), x);
        r = TSimd.MultiplyAdd(n, TSimd.Broadcast(-Ln2Low), r);
        var p = TSimd.MultiplyAdd(TSimd.Broadcast(1.9875691500e-4f), r, TSimd.Broadcast(1.3981999507e-3f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(8.3334519073e-3f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(4.1665795894e-2f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1.6666665459e-1f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(5.0000001201e-1f));
        var power = TSimd.Add(TSimd.MultiplyAdd(p, TSimd.Multiply(r, r), r), TSimd.Broadcast(1));
        return TSimd.ScaleByPowerOfTwo(power, n);
    }

    /// <summary>1 / (1 + e^-x) for x of 0 and more, e^x / (1 + e^x) below: no overflow and no cancellation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Sigmoid(TVector x)
    {
        var one = TSimd.Broadcast(1);
        var e = ExpOfNonPositive(TSimd.NegativeMagnitude(x));
        return TSimd.Divide(TSimd.SelectLess(x, TSimd.Broadcast(0), e, one), TSimd.Add(one, e));
    }

    /// <summary>y (1 - y) for y = sigmoid(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector SigmoidDerivative(TVector y) => TSimd.Multiply(y, TSimd.Subtract(TSimd.Broadcast(1), y));
}
