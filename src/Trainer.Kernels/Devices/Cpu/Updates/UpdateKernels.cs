using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Updates;

/// <summary>The update rules over a run of elements: <see cref="LaneUpdate{TSimd, TVector}"/> has the formulas.</summary>
internal static unsafe class UpdateKernels<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Average(in UpdateStep step, float* weights, float* total, float* nextWeights, int count)
    {
        var share = TSimd.Broadcast(step.Momentum);
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var w = TSimd.Load(weights + i);
            EpilogueRows<TSimd, TVector>.Store(nextWeights + i, LaneUpdate<TSimd, TVector>.Average(share, TSimd.Load(total + i), w), count - i);
        }
    }

    /// <param name="weights">The next ones; from a share of 1 on they are copied.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AverageOfWeights(in UpdateStep step, float* weights, float* average, float* nextAverage, int count)
    {
        var (share, copies) = (TSimd.Broadcast(step.AverageShare), step.AverageShare == 1);
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var w = TSimd.Load(weights + i);
            EpilogueRows<TSimd, TVector>.Store(nextAverage + i, copies ? w : LaneUpdate<TSimd, TVector>.AverageOfWeights(share, TSimd.Load(average + i), w), count - i);
        }
    }

    /// <param name="velocity">Null without momentum; likewise <paramref name="nextVelocity"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sgd(in UpdateStep step, float* weights, float* total, float* velocity, float* nextWeights, float* nextVelocity, int count)
    {
        var (scale, decay, rate) = (TSimd.Broadcast(step.Scale), TSimd.Broadcast(step.WeightDecay), TSimd.Broadcast(-step.LearningRate));
        var (momentum, undampened) = (TSimd.Broadcast(step.Momentum), TSimd.Broadcast(step.Undampened));
        var (hasDecay, isFirst, nesterov) = (step.WeightDecay != 0, step.IsFirst, step.Nesterov);
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var w = TSimd.Load(weights + i);
            var g = TSimd.Multiply(scale, TSimd.Load(total + i));
            g = hasDecay ? LaneUpdate<TSimd, TVector>.DecayedGradient(decay, w, g) : g;
            if (velocity != null)
            {
                var v = isFirst ? g : LaneUpdate<TSimd, TVector>.Velocity(momentum, undampened, TSimd.Load(velocity + i), g);
                EpilogueRows<TSimd, TVector>.Store(nextVelocity + i, v, count - i);
                g = nesterov ? LaneUpdate<TSimd, TVector>.Nesterov(momentum, v, g) : v;
            }

            EpilogueRows<TSimd, TVector>.Store(nextWeights + i, LaneUpdate<TSimd, TVector>.Step(rate, g, w), count - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Adam(
        in UpdateStep step, float* weights, float* total, float* mean, float* square, float* nextWeights, float* nextMean, float* nextSquare, int count)
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
                g = decoupled ? g : LaneUpdate<TSimd, TVector>.DecayedGradient(decay, w, g);
                w = decoupled ? LaneUpdate<TSimd, TVector>.DecayedWeight(decay, w) : w;
            }

            var m = LaneUpdate<TSimd, TVector>.Mean(rest1, TSimd.Load(mean + i), g);
            var v = LaneUpdate<TSimd, TVector>.Square(rest2, beta2, TSimd.Load(square + i), g);
            var direction = LaneUpdate<TSimd, TVector>.Direction(m, v, correction, eps);
            EpilogueRows<TSimd, TVector>.Store(nextMean + i, m, count - i);
            EpilogueRows<TSimd, TVector>.Store(nextSquare + i, v, count - i);
            EpilogueRows<TSimd, TVector>.Store(nextWeights + i, LaneUpdate<TSimd, TVector>.Step(rate, direction, w), count - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Adagrad(in UpdateStep step, float* weights, float* total, float* sum, float* nextWeights, float* nextSum, int count)
    {
        var (scale, decay, rate) = (TSimd.Broadcast(step.Scale), TSimd.Broadcast(step.WeightDecay), TSimd.Broadcast(-step.LearningRate));
        var (eps, initial, hasDecay, isFirst) = (TSimd.Broadcast(step.Eps), TSimd.Broadcast(step.InitialSquare), step.WeightDecay != 0, step.IsFirst);
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var w = TSimd.Load(weights + i);
            var g = TSimd.Multiply(scale, TSimd.Load(total + i));
            g = hasDecay ? LaneUpdate<TSimd, TVector>.DecayedGradient(decay, w, g) : g;
            var s = LaneUpdate<TSimd, TVector>.SumOfSquares(isFirst ? initial : TSimd.Load(sum + i), g);
            EpilogueRows<TSimd, TVector>.Store(nextSum + i, s, count - i);
            var direction = LaneUpdate<TSimd, TVector>.Quotient(g, s, eps);
            EpilogueRows<TSimd, TVector>.Store(nextWeights + i, LaneUpdate<TSimd, TVector>.Step(rate, direction, w), count - i);
        }
    }

    /// <param name="velocity">Null without momentum.</param>
    /// <param name="mean">Null unless centered.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RmsProp(
        in UpdateStep step, float* weights, float* total, float* square, float* velocity, float* mean,
        float* nextWeights, float* nextSquare, float* nextVelocity, float* nextMean, int count)
    {
        var (scale, decay, rate) = (TSimd.Broadcast(step.Scale), TSimd.Broadcast(step.WeightDecay), TSimd.Broadcast(-step.LearningRate));
        var (rest2, beta2, eps, momentum) =
            (TSimd.Broadcast(step.Rest2), TSimd.Broadcast(step.Beta2), TSimd.Broadcast(step.Eps), TSimd.Broadcast(step.Momentum));
        var hasDecay = step.WeightDecay != 0;
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var w = TSimd.Load(weights + i);
            var g = TSimd.Multiply(scale, TSimd.Load(total + i));
            g = hasDecay ? LaneUpdate<TSimd, TVector>.DecayedGradient(decay, w, g) : g;
            var s = LaneUpdate<TSimd, TVector>.Square(rest2, beta2, TSimd.Load(square + i), g);
            EpilogueRows<TSimd, TVector>.Store(nextSquare + i, s, count - i);
            if (mean != null)
            {
                var m = LaneUpdate<TSimd, TVector>.Mean(rest2, TSimd.Load(mean + i), g);
                EpilogueRows<TSimd, TVector>.Store(nextMean + i, m, count - i);
                s = LaneUpdate<TSimd, TVector>.Variance(s, m);
            }

            var direction = LaneUpdate<TSimd, TVector>.Quotient(g, s, eps);
            if (velocity != null)
            {
                direction = TSimd.MultiplyAdd(momentum, TSimd.Load(velocity + i), direction);
                EpilogueRows<TSimd, TVector>.Store(nextVelocity + i, direction, count - i);
            }

            EpilogueRows<TSimd, TVector>.Store(nextWeights + i, LaneUpdate<TSimd, TVector>.Step(rate, direction, w), count - i);
        }
    }
}
