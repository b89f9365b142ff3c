using System.Runtime.CompilerServices;

namespace Trainer.Kernels.Arithmetic;

/// <summary>The formulas of <see cref="UpdateRule"/>, of values in registers. Every multiply-add is fused.</summary>
internal static class LaneUpdate<TSimd, TVector>
    where TSimd : ILaneMath<TVector>
    where TVector : struct
{
    /// <summary>w = fma(share, total, (1 - share) w): running statistics. Small values beside a large w are kept, and a share of 1 forgets it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Average(TVector share, TVector total, TVector w) =>
        TSimd.MultiplyAdd(share, total, TSimd.Multiply(TSimd.Subtract(TSimd.Broadcast(1), share), w));

    /// <summary>a = fma(share, w - a, a): the average of weights over steps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector AverageOfWeights(TVector share, TVector a, TVector w) => TSimd.MultiplyAdd(share, TSimd.Subtract(w, a), a);

    /// <summary>g = fma(decay, w, g)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector DecayedGradient(TVector decay, TVector w, TVector g) => TSimd.MultiplyAdd(decay, w, g);

    /// <summary>w = fma(-decay, w, w)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector DecayedWeight(TVector decay, TVector w) => TSimd.MultiplyAdd(TSimd.Subtract(TSimd.Broadcast(0), decay), w, w);

    /// <summary>Sgd: v = fma(momentum, v, undampened g)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Velocity(TVector momentum, TVector undampened, TVector v, TVector g) =>
        TSimd.MultiplyAdd(momentum, v, TSimd.Multiply(undampened, g));

    /// <summary>Sgd: g = fma(momentum, v, g)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Nesterov(TVector momentum, TVector v, TVector g) => TSimd.MultiplyAdd(momentum, v, g);

    /// <summary>Adam: m = fma(1 - beta1, g - m, m)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Mean(TVector rest1, TVector m, TVector g) => TSimd.MultiplyAdd(rest1, TSimd.Subtract(g, m), m);

    /// <summary>Adam: v = fma((1 - beta2) g, g, beta2 v)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Square(TVector rest2, TVector beta2, TVector v, TVector g) =>
        TSimd.MultiplyAdd(TSimd.Multiply(rest2, g), g, TSimd.Multiply(beta2, v));

    /// <summary>Adam: m / (sqrt v / correction + eps)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Direction(TVector m, TVector v, TVector correction, TVector eps) =>
        TSimd.Divide(m, TSimd.Add(TSimd.Divide(TSimd.Sqrt(v), correction), eps));

    /// <summary>RmsProp: s - m^2, fused; what rounding brings below 0 is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Variance(TVector s, TVector m)
    {
        var zero = TSimd.Broadcast(0);
        var variance = TSimd.MultiplyAdd(TSimd.Subtract(zero, m), m, s);
        return TSimd.SelectLess(variance, zero, zero, variance);
    }

    /// <summary>Adagrad: s = fma(g, g, s)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector SumOfSquares(TVector s, TVector g) => TSimd.MultiplyAdd(g, g, s);

    /// <summary>RmsProp and Adagrad: g / (sqrt s + eps)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Quotient(TVector g, TVector s, TVector eps) => TSimd.Divide(g, TSimd.Add(TSimd.Sqrt(s), eps));

    /// <summary>w = fma(-rate, direction, w)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Step(TVector negativeRate, TVector direction, TVector w) => TSimd.MultiplyAdd(negativeRate, direction, w);
}
