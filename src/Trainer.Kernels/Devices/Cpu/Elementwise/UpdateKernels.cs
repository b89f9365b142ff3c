using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>The update rules over a run of elements: <see cref="UpdateRule"/> gives the formulas. Every multiply-add is fused.</summary>
internal static unsafe class UpdateKernels<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>w = fma(momentum, total - w, w)</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Average(in UpdateStep step, float* weights, float* total, int count)
    {
        var share = TSimd.Broadcast(step.Momentum);
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var w = TSimd.Load(weights + i);
            EpilogueRows<TSimd, TVector>.Store(weights + i, TSimd.MultiplyAdd(share, TSimd.Subtract(TSimd.Load(total + i), w), w), count - i);
        }
    }

    /// <param name="velocity">Null without momentum.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sgd(in UpdateStep step, float* weights, float* total, float* velocity, int count)
    {
        var (scale, decay, rate) = (TSimd.Broadcast(step.Scale), TSimd.Broadcast(step.WeightDecay), TSimd.Broadcast(-step.LearningRate));
        var (momentum, undampened) = (TSimd.Broadcast(step.Momentum), TSimd.Broadcast(step.Undampened));
        var (hasDecay, isFirst, nesterov) = (step.WeightDecay != 0, step.IsFirst, step.Nesterov);
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var w = TSimd.Load(weights + i);
            var g = TSimd.Multiply(scale, TSimd.Load(total + i));
            g = hasDecay ? TSimd.MultiplyAdd(decay, w, g) : g;
            if (velocity != null)
            {
                var v = isFirst ? g : TSimd.MultiplyAdd(momentum, TSimd.Load(velocity + i), TSimd.Multiply(undampened, g));
                EpilogueRows<TSimd, TVector>.Store(velocity + i, v, count - i);
                g = nesterov ? TSimd.MultiplyAdd(momentum, v, g) : v;
            }

            EpilogueRows<TSimd, TVector>.Store(weights + i, TSimd.MultiplyAdd(rate, g, w), count - i);
        }
    }

    /// <summary>
    /// m = fma(1 - beta1, g - m, m); v = fma((1 - beta2) g, g, beta2 v); w = fma(-lr / (1 - beta1^t), m / (sqrt v / sqrt(1 - beta2^t) + eps), w).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Adam(in UpdateStep step, float* weights, float* total, float* mean, float* square, int count)
    {
        var (scale, decay, rate) = (TSimd.Broadcast(step.Scale), TSimd.Broadcast(step.WeightDecay), TSimd.Broadcast(-step.LearningRate));
        var (rest1, rest2, beta2) = (TSimd.Broadcast(step.Rest1), TSimd.Broadcast(step.Rest2), TSimd.Broadcast(step.Beta2));
        var (correction, eps, noDecay) = (TSimd.Broadcast(step.RootCorrection2), TSimd.Broadcast(step.Eps), step.WeightDecay == 0);
        var decoupled = step.Rule == UpdateRule.AdamW;
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var w = TSimd.Load(weights + i);
            var g = TSimd.Multiply(scale, TSimd.Load(total + i));
            if (!noDecay)
            {
                g = decoupled ? g : TSimd.MultiplyAdd(decay, w, g);
                w = decoupled ? TSimd.MultiplyAdd(TSimd.Subtract(TSimd.Broadcast(0), decay), w, w) : w;
            }

            var m = TSimd.Load(mean + i);
            m = TSimd.MultiplyAdd(rest1, TSimd.Subtract(g, m), m);
            var v = TSimd.MultiplyAdd(TSimd.Multiply(rest2, g), g, TSimd.Multiply(beta2, TSimd.Load(square + i)));
            var divisor = TSimd.Add(TSimd.Divide(TSimd.Sqrt(v), correction), eps);
            EpilogueRows<TSimd, TVector>.Store(mean + i, m, count - i);
            EpilogueRows<TSimd, TVector>.Store(square + i, v, count - i);
            EpilogueRows<TSimd, TVector>.Store(weights + i, TSimd.MultiplyAdd(rate, TSimd.Divide(m, divisor), w), count - i);
        }
    }
}
