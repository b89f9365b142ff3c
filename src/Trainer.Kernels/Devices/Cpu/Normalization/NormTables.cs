using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>What each group and channel is normalised with.</summary>
/// <param name="weight">(channels), or null: 1.</param>
/// <param name="bias">(channels), or null: 0.</param>
/// <param name="saved">Receives mean and invstd, (groups, 2, channels); null: not wanted.</param>
/// <param name="scaleShift">Receives scale and shift, likewise: y = fma(x, scale, shift).</param>
internal readonly unsafe struct NormTables(int channels, float* weight, float* bias, float* saved, float* scaleShift)
{
    /// <summary>invstd = 1 / sqrt(squares / values + eps); scale = weight invstd; shift = fma(-mean, scale, bias).</summary>
    /// <param name="place">Where the run of channels starts in the tables.</param>
    /// <param name="first">Its first channel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void SetNormalization<TSimd, TVector>(long place, float* means, float* squares, float values, float eps, int first, int count)
        where TSimd : ISimd<TVector>
        where TVector : struct
    {
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var mean = TSimd.Load(means + i);
            var variance = TSimd.Divide(TSimd.Load(squares + i), TSimd.Broadcast(values));
            var invstd = LaneNorm<TSimd, TVector>.InverseDeviation(variance, TSimd.Broadcast(eps));
            var scale = weight == null ? invstd : TSimd.Multiply(TSimd.Load(weight + first + i), invstd);
            var shift = LaneNorm<TSimd, TVector>.Shift(mean, scale, bias == null ? TSimd.Broadcast(0) : TSimd.Load(bias + first + i));
            EpilogueRows<TSimd, TVector>.Store(scaleShift + place + i, scale, count - i);
            EpilogueRows<TSimd, TVector>.Store(scaleShift + place + channels + i, shift, count - i);
            if (saved != null)
            {
                EpilogueRows<TSimd, TVector>.Store(saved + place + i, mean, count - i);
                EpilogueRows<TSimd, TVector>.Store(saved + place + channels + i, invstd, count - i);
            }
        }
    }
}
