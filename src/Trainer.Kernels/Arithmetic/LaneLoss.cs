using System.Runtime.CompilerServices;

namespace Trainer.Kernels.Arithmetic;

/// <summary>Binary cross entropy of a logit x with a target in [0, 1], of values in registers: without cancellation, however sure a right answer is.</summary>
internal static class LaneLoss<TSimd, TVector>
    where TSimd : ILaneMath<TVector>
    where TVector : struct
{
    /// <summary>p target softplus(-x) + (1 - target) softplus(x) with softplus(x) = max(x, 0) + log(1 + e^-|x|).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector BinaryCrossEntropy(TVector x, TVector target, TVector p)
    {
        var zero = TSimd.Broadcast(0);
        var magnitude = TSimd.NegativeMagnitude(x);
        var log = VectorMath<TSimd, TVector>.LogOfOnePlus(VectorMath<TSimd, TVector>.ExpOfNonPositive(magnitude));
        var far = TSimd.Subtract(log, magnitude);
        var (above, below) = (TSimd.SelectLess(x, zero, log, far), TSimd.SelectLess(x, zero, far, log));
        return TSimd.MultiplyAdd(TSimd.Multiply(p, target), below, TSimd.Multiply(TSimd.Subtract(TSimd.Broadcast(1), target), above));
    }

    /// <summary>(1 - target) sigmoid(x) - p target sigmoid(-x)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector BinaryCrossEntropyGradient(TVector x, TVector target, TVector p)
    {
        var above = VectorMath<TSimd, TVector>.Sigmoid(x, out var below);
        var positive = TSimd.Subtract(TSimd.Broadcast(0), TSimd.Multiply(p, target));
        return TSimd.MultiplyAdd(positive, below, TSimd.Multiply(TSimd.Subtract(TSimd.Broadcast(1), target), above));
    }
}
