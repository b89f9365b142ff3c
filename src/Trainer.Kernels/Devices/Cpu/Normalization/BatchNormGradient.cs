using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>dx = (weight invstd) (dy - fma(h, dweight_g / n, dbias_g / n)) with h = (x - mean) invstd, then the epilogue.</summary>
internal sealed unsafe class BatchNormGradient<TSimd, TVector>(ThreadTeam team) : PlaneWork(team)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private int* _groupOf;
    private float* _weight;
    private float* _saved;
    private float* _shares;
    private SampleRows _x;
    private SampleRows _dy;
    private GradientSteps _steps;
    private SampleRows _dx;

    /// <param name="saved">Mean and invstd, (groups, 2, channels).</param>
    /// <param name="shares">dbias / n and dweight / n, likewise.</param>
    public void Execute(
        int samples, in BatchNormGeometry g, int* groupOf, float* weight, float* saved, float* shares, SampleRows x, SampleRows dy, GradientSteps steps,
        SampleRows dx)
    {
        _groupOf = groupOf;
        _weight = weight;
        _saved = saved;
        _shares = shares;
        (_x, _dy, _steps, _dx) = (x, dy, steps, dx);
        Execute(samples, g.C, g.Pixels);
    }

    protected override void RunPlanes(int sample, int channel, int count)
    {
        for (var c = channel; c < channel + count; c++)
        {
            var table = (_groupOf[sample] * 2L * Channels) + c;
            var place = (long)c * Pixels;
            var constants = new PlaneConstants(
                _saved[table],
                _saved[table + Channels],
                _shares[table + Channels],
                _shares[table],
                _weight == null ? _saved[table + Channels] : _weight[c] * _saved[table + Channels]);
            Plane(
                _x.At(sample, place),
                _dy.At(sample, place),
                constants,
                _steps.Output.At(sample, place),
                _steps.Addend.At(sample, place),
                _dx.At(sample, place));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Plane(float* x, float* dy, in PlaneConstants constants, float* output, float* addend, float* dx)
    {
        var (mean, invstd, factor) = (TSimd.Broadcast(constants.Mean), TSimd.Broadcast(constants.Invstd), TSimd.Broadcast(constants.Factor));
        var (slope, shift) = (TSimd.Broadcast(constants.Slope), TSimd.Broadcast(constants.Shift));
        var (activation, count) = (_steps.Activation, Pixels);
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var h = LaneNorm<TSimd, TVector>.Normalized(TSimd.Load(x + i), mean, invstd);
            var v = LaneNorm<TSimd, TVector>.BatchGradient(TSimd.Load(dy + i), h, slope, shift, factor);
            v = VectorEpilogue<TSimd, TVector>.Gradient(v, activation, output + i, addend == null ? null : addend + i);
            EpilogueRows<TSimd, TVector>.Store(dx + i, v, count - i);
        }
    }

    /// <param name="Slope">dweight / n</param>
    /// <param name="Shift">dbias / n</param>
    /// <param name="Factor">weight invstd</param>
    private readonly record struct PlaneConstants(float Mean, float Invstd, float Slope, float Shift, float Factor);
}
