using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>Mean and sum of squared deviations of every plane, into (samples, 2, channels). Both passes over a plane while it is in cache.</summary>
internal sealed unsafe class PlaneMoments<TSimd, TVector>(ThreadTeam team) : PlaneWork(team)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private SampleRows _x;
    private float* _moments;

    public void Execute(int samples, int channels, int pixels, SampleRows x, float* moments)
    {
        _x = x;
        _moments = moments;
        Execute(samples, channels, pixels);
    }

    protected override void RunPlanes(int sample, int channel, int count)
    {
        var means = _moments + (sample * 2L * Channels) + channel;
        var x = _x.At(sample, (long)channel * Pixels);
        if (Pixels == 1)
        {
            OfFeatures(x, count, means, means + Channels);
            return;
        }

        for (var i = 0; i < count; i++, x += Pixels)
        {
            var mean = LaneSum<TSimd, TVector, ValueTerm<TSimd, TVector>>.Of(x, x, 0, 0, Pixels) / Pixels;
            means[i] = mean;
            means[i + Channels] = LaneSum<TSimd, TVector, SquaredDeviationTerm<TSimd, TVector>>.Of(x, x, mean, 0, Pixels);
        }
    }

    /// <summary>A plane of one pixel: the sum from +0 is the value, and its deviation is 0 unless it is not finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OfFeatures(float* x, int count, float* means, float* squares)
    {
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var value = TSimd.Load(x + i);
            var mean = TSimd.Add(value, TSimd.Broadcast(0));
            var deviation = TSimd.Subtract(value, mean);
            EpilogueRows<TSimd, TVector>.Store(means + i, mean, count - i);
            EpilogueRows<TSimd, TVector>.Store(squares + i, TSimd.Multiply(deviation, deviation), count - i);
        }
    }
}
