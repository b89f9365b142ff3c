using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>y = fma(x, scale, shift) with the scale and shift of a sample's group and channel, then the epilogue.</summary>
internal sealed unsafe class PlaneNormalize<TSimd, TVector>(ThreadTeam team) : PlaneWork(team)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private int* _groupOf;
    private float* _scaleShift;
    private SampleRows _x;
    private OutputSteps _steps;
    private SampleRows _y;

    /// <param name="groupOf">The group of each sample.</param>
    /// <param name="scaleShift">(groups, 2, channels)</param>
    public void Execute(int samples, int channels, int pixels, int* groupOf, float* scaleShift, SampleRows x, OutputSteps steps, SampleRows y)
    {
        _groupOf = groupOf;
        _scaleShift = scaleShift;
        (_x, _steps, _y) = (x, steps, y);
        Execute(samples, channels, pixels);
    }

    protected override void RunPlanes(int sample, int channel, int count)
    {
        var place = (long)channel * Pixels;
        var x = _x.At(sample, place);
        var y = _y.At(sample, place);
        var addend = _steps.Addend.At(sample, place);
        var scales = _scaleShift + (_groupOf[sample] * 2L * Channels) + channel;
        if (Pixels == 1)
        {
            Features(x, scales, scales + Channels, count, _steps.Activation, addend, y);
            return;
        }

        for (var i = 0; i < count; i++)
        {
            Plane(x, scales[i], scales[i + Channels], Pixels, _steps.Activation, addend, y);
            x += Pixels;
            y += Pixels;
            addend = addend == null ? null : addend + Pixels;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Plane(float* x, float scale, float shift, int count, Activation activation, float* addend, float* y)
    {
        var (scales, shifts) = (TSimd.Broadcast(scale), TSimd.Broadcast(shift));
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var v = TSimd.MultiplyAdd(TSimd.Load(x + i), scales, shifts);
            v = VectorEpilogue<TSimd, TVector>.Output(v, activation, addend == null ? null : addend + i);
            EpilogueRows<TSimd, TVector>.Store(y + i, v, count - i);
        }
    }

    /// <summary>Planes of one pixel: neighbours are channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Features(float* x, float* scales, float* shifts, int count, Activation activation, float* addend, float* y)
    {
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var v = TSimd.MultiplyAdd(TSimd.Load(x + i), TSimd.Load(scales + i), TSimd.Load(shifts + i));
            v = VectorEpilogue<TSimd, TVector>.Output(v, activation, addend == null ? null : addend + i);
            EpilogueRows<TSimd, TVector>.Store(y + i, v, count - i);
        }
    }
}
