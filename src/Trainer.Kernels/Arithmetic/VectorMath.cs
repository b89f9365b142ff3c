using System.Runtime.CompilerServices;

namespace Trainer.Kernels.Arithmetic;

/// <summary>exp, sigmoid, tanh, the normal distribution and what is made of them, as polynomials of our own: the same bits on every instruction set and GPU.</summary>
/// <remarks>
/// exp(x) = 2^n e^r with n = round(x / ln 2) and |r| at most ln 2 / 2; e^r = 1 + r + r^2 p(r), p of degree 5 with the coefficients of
/// S. Moshier's Cephes library (expf). Every use has x &lt;= 0, so nothing overflows; subnormal results are rounded once.
/// How near each function is to the true value is measured, and fixed, by VectorMathTests.
/// </remarks>
internal static class VectorMath<TSimd, TVector>
    where TSimd : ILaneMath<TVector>
    where TVector : struct
{
    /// <summary>1.5 x 2^23: adding it rounds to the nearest integer, which is left in the low bits.</summary>
    private const float Rounder = 12582912f;

    /// <summary>Half of the smallest subnormal is e^-104.0: below this, e^x rounds to 0.</summary>
    private const float Lowest = -104.5f;
    private const float Log2E = 1.44269504f;
    private const float Ln2High = 0.693147182464599609375f;
    private const float Ln2Low = -1.904654323148236e-9f;

    /// <summary>Beyond this many standard deviations Phi(-t) is below half of the smallest subnormal.</summary>
    private const float FarTail = 14.5f;
    private const float InverseSqrtTwoPi = 0.39894228f;

    /// <summary>2 sqrt(2 / pi), and 0.044715 times that.</summary>
    private const float GeluLinear = 1.59576912f;
    private const float GeluCubic = 0.0713548163f;

    /// <summary>e^x for x &lt;= 0 (NaN stays NaN): 0 below -104.5.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector ExpOfNonPositive(TVector x)
    {
        var (lowest, rounder) = (TSimd.Broadcast(Lowest), TSimd.Broadcast(Rounder));
        x = TSimd.SelectLess(x, lowest, lowest, x);
        var n = TSimd.Subtract(TSimd.MultiplyAdd(x, TSimd.Broadcast(Log2E), rounder), rounder);
        var r = TSimd.MultiplyAdd(n, TSimd.Broadcast(-Ln2High), x);
        r = TSimd.MultiplyAdd(n, TSimd.Broadcast(-Ln2Low), r);
        return TSimd.ScaleByPowerOfTwo(TSimd.Add(ExpMinusOneNearZero(r), TSimd.Broadcast(1)), n);
    }

    /// <summary>e^x - 1 for x &lt;= 0 (NaN stays NaN), without cancellation near 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector ExpMinusOneOfNonPositive(TVector x) => TSimd.SelectLess(
        x, TSimd.Broadcast(-Ln2High / 2), TSimd.Subtract(ExpOfNonPositive(x), TSimd.Broadcast(1)), ExpMinusOneNearZero(x));

    /// <summary>
    /// log(1 + e) for e in [0, 1] (NaN stays NaN): 2 artanh(s) with s = e / (2 + e), which is 2 s + s^3 p(s^2); p of degree 4 through the Chebyshev nodes of [0, 1/9]
    /// is within 4e-10 of it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LogOfOnePlus(TVector e)
    {
        var s = TSimd.Divide(e, TSimd.Add(TSimd.Broadcast(2), e));
        var square = TSimd.Multiply(s, s);
        var p = TSimd.MultiplyAdd(TSimd.Broadcast(0.232390508f), square, TSimd.Broadcast(0.217033148f));
        p = TSimd.MultiplyAdd(p, square, TSimd.Broadcast(0.285925835f));
        p = TSimd.MultiplyAdd(p, square, TSimd.Broadcast(0.399997026f));
        p = TSimd.MultiplyAdd(p, square, TSimd.Broadcast(0.666666687f));
        return TSimd.MultiplyAdd(TSimd.Multiply(s, square), p, TSimd.Add(s, s));
    }

    /// <summary>log x for x of 0 and more (NaN stays NaN): the steps of <see cref="ScalarMath{TMath}.Log"/>, and its bits, lane by lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TVector Log(TVector x)
    {
        var (one, small) = (TSimd.Broadcast(1), TSimd.BroadcastWord(0x0080_0000));
        var isScaled = TSimd.SelectBelow(x, small, one, TSimd.Broadcast(0));
        var scaled = TSimd.SelectBelow(x, small, TSimd.Multiply(x, TSimd.Broadcast(1 << 24)), x);

        // Shifts of words by products: the exponent as an integer behind 2^23, and the mantissa's bits under the exponent of 1/2.
        TSimd.MultiplyWords(scaled, TSimd.BroadcastWord(1 << 9), out var exponentBits, out var high);
        TSimd.MultiplyWords(high, TSimd.BroadcastWord(1 << 23), out var mantissaBits, out _);
        var exponent = TSimd.Subtract(TSimd.AddWords(exponentBits, TSimd.BroadcastWord(0x4B00_0000)), TSimd.Broadcast(8388608f + 126));
        exponent = TSimd.Subtract(exponent, TSimd.Multiply(isScaled, TSimd.Broadcast(24)));
        var mantissa = TSimd.AddWords(mantissaBits, TSimd.BroadcastWord(0x3F00_0000));
        var half = TSimd.Broadcast(0.707106781186547524f);
        exponent = TSimd.SelectLess(mantissa, half, TSimd.Subtract(exponent, one), exponent);
        mantissa = TSimd.SelectLess(mantissa, half, TSimd.Add(mantissa, mantissa), mantissa);

        var f = TSimd.Subtract(mantissa, one);
        var square = TSimd.Multiply(f, f);
        var y = TSimd.MultiplyAdd(TSimd.Broadcast(-2.12194440e-4f), exponent, TSimd.Multiply(TSimd.Multiply(LogPolynomial(f), f), square));
        y = TSimd.MultiplyAdd(TSimd.Broadcast(-0.5f), square, y);
        y = TSimd.MultiplyAdd(TSimd.Broadcast(0.693359375f), exponent, TSimd.Add(f, y));
        y = TSimd.SelectBelow(x, TSimd.BroadcastWord(1), TSimd.Broadcast(float.NegativeInfinity), y);
        return TSimd.SelectBelow(x, TSimd.Broadcast(float.PositiveInfinity), y, x);
    }

    /// <summary>x^-beta = e^(-beta log x) for x of 0 and more: as near as the rounding of beta log x leaves it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TVector NegativePower(TVector x, TVector beta)
    {
        var (zero, one) = (TSimd.Broadcast(0), TSimd.Broadcast(1));
        var exponent = TSimd.Multiply(beta, Log(x));
        var e = ExpOfNonPositive(TSimd.NegativeMagnitude(exponent));
        return TSimd.SelectLess(exponent, zero, TSimd.Divide(one, e), e);
    }

    /// <summary>1 / (1 + e^-x) for x of 0 and more, e^x / (1 + e^x) below: no overflow and no cancellation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Sigmoid(TVector x)
    {
        var one = TSimd.Broadcast(1);
        var e = ExpOfNonPositive(TSimd.NegativeMagnitude(x));
        return TSimd.Divide(TSimd.SelectLess(x, TSimd.Broadcast(0), e, one), TSimd.Add(one, e));
    }

    /// <summary>sigmoid(x) and <paramref name="rest"/> = 1 - sigmoid(x), which is not taken from the rounded one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TVector Sigmoid(TVector x, out TVector rest)
    {
        var (zero, one) = (TSimd.Broadcast(0), TSimd.Broadcast(1));
        var e = ExpOfNonPositive(TSimd.NegativeMagnitude(x));
        var sum = TSimd.Add(one, e);
        rest = TSimd.Divide(TSimd.SelectLess(x, zero, one, e), sum);
        return TSimd.Divide(TSimd.SelectLess(x, zero, e, one), sum);
    }

    /// <summary>y (1 - y) for y = sigmoid(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector SigmoidDerivative(TVector y) => TSimd.Multiply(y, TSimd.Subtract(TSimd.Broadcast(1), y));

    /// <summary>
    /// 1 - 2 e / (1 + e) with e = e^-2|x| and the sign of x; below 0.625 x + x^3 p(x^2), p with the coefficients of Cephes (tanhf).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Tanh(TVector x)
    {
        var one = TSimd.Broadcast(1);
        var e = ExpOfNonPositive(TSimd.Multiply(TSimd.NegativeMagnitude(x), TSimd.Broadcast(2)));
        var large = TSimd.Subtract(one, TSimd.Divide(TSimd.Add(e, e), TSimd.Add(one, e)));
        var square = TSimd.Multiply(x, x);
        var p = TSimd.MultiplyAdd(TSimd.Broadcast(-5.70498872745e-3f), square, TSimd.Broadcast(2.06390887954e-2f));
        p = TSimd.MultiplyAdd(p, square, TSimd.Broadcast(-5.37397155531e-2f));
        p = TSimd.MultiplyAdd(p, square, TSimd.Broadcast(1.33314422036e-1f));
        p = TSimd.MultiplyAdd(p, square, TSimd.Broadcast(-3.33332819422e-1f));
        var small = TSimd.MultiplyAdd(TSimd.Multiply(p, square), x, x);
        return TSimd.SelectLess(square, TSimd.Broadcast(0.390625f), small, TSimd.CopySign(large, x));
    }

    /// <summary>1 - y^2 for y = tanh(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector TanhDerivative(TVector y) =>
        TSimd.MultiplyAdd(TSimd.Subtract(TSimd.Broadcast(0), y), y, TSimd.Broadcast(1));

    /// <summary>x Phi(x)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Gelu(TVector x) => TSimd.Multiply(x, Normal(x, out _));

    /// <summary>Phi(x) + x phi(x) with phi(x) = e^(-x^2 / 2) / sqrt(2 pi).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TVector GeluDerivative(TVector x)
    {
        var below = Normal(x, out var bell);
        return TSimd.MultiplyAdd(TSimd.Multiply(x, bell), TSimd.Broadcast(InverseSqrtTwoPi), below);
    }

    /// <summary>x sigmoid(2 u), which is x (1 + tanh u) / 2, with 2 u = 2 sqrt(2 / pi) (x + 0.044715 x^3).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector GeluTanh(TVector x) => TSimd.Multiply(x, Sigmoid(GeluArgument(x)));

    /// <summary>s + x s (1 - s) (2 u)' with s = sigmoid(2 u).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TVector GeluTanhDerivative(TVector x)
    {
        // Beyond 16 s is 0 or 1 and its derivative 0; (2 u)' may not become infinite beside it.
        var bound = TSimd.Broadcast(16);
        x = TSimd.SelectLess(bound, x, bound, x);
        bound = TSimd.Broadcast(-16);
        x = TSimd.SelectLess(x, bound, bound, x);
        var s = Sigmoid(GeluArgument(x), out var rest);
        var inner = TSimd.MultiplyAdd(TSimd.Broadcast(3 * GeluCubic), TSimd.Multiply(x, x), TSimd.Broadcast(GeluLinear));
        return TSimd.MultiplyAdd(TSimd.Multiply(x, TSimd.Multiply(s, rest)), inner, s);
    }

    /// <summary>x sigmoid(x)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Silu(TVector x) => TSimd.Multiply(x, Sigmoid(x));

    /// <summary>s + x s (1 - s) with s = sigmoid(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TVector SiluDerivative(TVector x)
    {
        var s = Sigmoid(x, out var rest);
        return TSimd.MultiplyAdd(TSimd.Multiply(x, s), rest, s);
    }

    /// <summary>x where x &gt; 0, else alpha (e^x - 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Elu(TVector x, TVector alpha)
    {
        var zero = TSimd.Broadcast(0);
        return TSimd.SelectLess(zero, x, x, TSimd.Multiply(alpha, ExpMinusOneOfNonPositive(TSimd.SelectLess(zero, x, zero, x))));
    }

    /// <summary>1 where x &gt; 0, else alpha e^x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TVector EluDerivative(TVector x, TVector alpha)
    {
        var zero = TSimd.Broadcast(0);
        return TSimd.SelectLess(zero, x, TSimd.Broadcast(1), TSimd.Multiply(alpha, ExpOfNonPositive(TSimd.SelectLess(zero, x, zero, x))));
    }

    /// <summary>r + r^2 p(r) for |r| up to ln 2 / 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ExpMinusOneNearZero(TVector r)
    {
        var p = TSimd.MultiplyAdd(TSimd.Broadcast(1.9875691500e-4f), r, TSimd.Broadcast(1.3981999507e-3f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(8.3334519073e-3f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(4.1665795894e-2f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1.6666665459e-1f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(5.0000001201e-1f));
        return TSimd.MultiplyAdd(p, TSimd.Multiply(r, r), r);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector LogPolynomial(TVector f)
    {
        var p = TSimd.MultiplyAdd(TSimd.Broadcast(7.0376836292e-2f), f, TSimd.Broadcast(-1.1514610310e-1f));
        p = TSimd.MultiplyAdd(p, f, TSimd.Broadcast(1.1676998740e-1f));
        p = TSimd.MultiplyAdd(p, f, TSimd.Broadcast(-1.2420140846e-1f));
        p = TSimd.MultiplyAdd(p, f, TSimd.Broadcast(1.4249322787e-1f));
        p = TSimd.MultiplyAdd(p, f, TSimd.Broadcast(-1.6668057665e-1f));
        p = TSimd.MultiplyAdd(p, f, TSimd.Broadcast(2.0000714765e-1f));
        p = TSimd.MultiplyAdd(p, f, TSimd.Broadcast(-2.4999993993e-1f));
        return TSimd.MultiplyAdd(p, f, TSimd.Broadcast(3.3333331174e-1f));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector GeluArgument(TVector x) =>
        TSimd.Multiply(x, TSimd.MultiplyAdd(TSimd.Broadcast(GeluCubic), TSimd.Multiply(x, x), TSimd.Broadcast(GeluLinear)));

    /// <summary>Phi(x), the normal distribution below x, and <paramref name="bell"/> = e^(-x^2 / 2).</summary>
    /// <remarks>
    /// With t = |x|: Phi(-t) = bell F(u) / (1 + t), u = (t - 4) / (t + 4). F(u) = (1 + t) e^(t^2 / 2) erfc(t / sqrt 2) / 2 is smooth
    /// on all of [0, 14.5]; a polynomial of degree 10 through its Chebyshev nodes is within 2e-8 of it. The rounding of t^2 is given back.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Normal(TVector x, out TVector bell)
    {
        var (one, far, four) = (TSimd.Broadcast(1), TSimd.Broadcast(FarTail), TSimd.Broadcast(4));
        var t = TSimd.Subtract(TSimd.Broadcast(0), TSimd.NegativeMagnitude(x));
        t = TSimd.SelectLess(far, t, far, t);
        var half = TSimd.Multiply(t, TSimd.Broadcast(-0.5f));
        var exponent = TSimd.Multiply(half, t);
        var rounded = TSimd.MultiplyAdd(half, t, TSimd.Subtract(TSimd.Broadcast(0), exponent));
        bell = ExpOfNonPositive(exponent);
        bell = TSimd.MultiplyAdd(bell, rounded, bell);
        var u = TSimd.Divide(TSimd.Subtract(t, four), TSimd.Add(t, four));
        var tail = TSimd.Multiply(bell, TSimd.Divide(ScaledTail(u), TSimd.Add(one, t)));
        return TSimd.SelectLess(x, TSimd.Broadcast(0), tail, TSimd.Subtract(one, tail));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ScaledTail(TVector u)
    {
        var p = TSimd.MultiplyAdd(TSimd.Broadcast(-7.43745477e-05f), u, TSimd.Broadcast(-6.67371933e-05f));
        p = TSimd.MultiplyAdd(p, u, TSimd.Broadcast(0.000690844841f));
        p = TSimd.MultiplyAdd(p, u, TSimd.Broadcast(-0.000299918756f));
        p = TSimd.MultiplyAdd(p, u, TSimd.Broadcast(-0.005002141f));
        p = TSimd.MultiplyAdd(p, u, TSimd.Broadcast(0.0179394502f));
        p = TSimd.MultiplyAdd(p, u, TSimd.Broadcast(-0.0321978144f));
        p = TSimd.MultiplyAdd(p, u, TSimd.Broadcast(0.0286000334f));
        p = TSimd.MultiplyAdd(p, u, TSimd.Broadcast(0.0139996363f));
        p = TSimd.MultiplyAdd(p, u, TSimd.Broadcast(-0.0967034698f));
        return TSimd.MultiplyAdd(p, u, TSimd.Broadcast(0.4720532f));
    }
}
