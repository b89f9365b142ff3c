using System.Runtime.CompilerServices;

namespace Trainer.Kernels.Arithmetic;

/// <summary>The formulas of normalisation, of values in registers.</summary>
internal static class LaneNorm<TSimd, TVector>
    where TSimd : ILaneMath<TVector>
    where TVector : struct
{
    /// <summary>The mean of a and b together: Chan, Golub and LeVeque's formula.</summary>
    /// <param name="d">b's mean less a's.</param>
    /// <param name="share">b's part of the values, n_b / n.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector JoinMeans(TVector a, TVector d, TVector share) => TSimd.MultiplyAdd(d, share, a);

    /// <summary>The sum of squared deviations of a and b together.</summary>
    /// <param name="weight">n_a n_b / n</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector JoinSquares(TVector a, TVector b, TVector d, TVector weight) =>
        TSimd.MultiplyAdd(TSimd.Multiply(d, d), weight, TSimd.Add(a, b));

    /// <summary>invstd = 1 / sqrt(variance + eps)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector InverseDeviation(TVector variance, TVector eps) =>
        TSimd.Divide(TSimd.Broadcast(1), TSimd.Sqrt(TSimd.Add(variance, eps)));

    /// <summary>shift = fma(-mean, scale, bias)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Shift(TVector mean, TVector scale, TVector bias) => TSimd.MultiplyAdd(TSimd.Xor(mean, TSimd.Broadcast(-0f)), scale, bias);

    /// <summary>h = (x - mean) invstd</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Normalized(TVector x, TVector mean, TVector invstd) => TSimd.Multiply(TSimd.Subtract(x, mean), invstd);

    /// <summary>factor (dy - fma(h, slope, shift))</summary>
    /// <param name="factor">weight invstd</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector BatchGradient(TVector dy, TVector h, TVector slope, TVector shift, TVector factor) =>
        TSimd.Multiply(factor, TSimd.Subtract(dy, TSimd.MultiplyAdd(h, slope, shift)));

    /// <summary>invstd fma(weight, dy, -fma(h, slope, shift))</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector GroupGradient(TVector dy, TVector h, TVector slope, TVector shift, TVector weight, TVector invstd) =>
        TSimd.Multiply(invstd, TSimd.MultiplyAdd(weight, dy, TSimd.Xor(TSimd.MultiplyAdd(h, slope, shift), TSimd.Broadcast(-0f))));
}
