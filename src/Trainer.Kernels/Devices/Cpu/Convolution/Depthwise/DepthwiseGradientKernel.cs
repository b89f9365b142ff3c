using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Depthwise;

/// <summary>
/// Sums of the weight gradient of a vector of channels: sums[tap] = the chain, from +0, over the pixels of some runs, of x times dy, pixels ascending,
/// fused: Form C. The channels' elements are side by side both in the image (source + i x step + offsets[tap] for pixel i of a run) and in dy.
/// </summary>
internal static unsafe class DepthwiseGradientKernel<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Taps at once: those of 3 x 3, and enough chains to keep two multipliers busy.</summary>
    public const int Taps = 9;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(PixelRun* runs, nint count, nint step, int* offsets, float* dy, float* sums)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0 = zero, c1 = zero, c2 = zero, c3 = zero, c4 = zero, c5 = zero, c6 = zero, c7 = zero, c8 = zero;
        nint o0 = offsets[0], o1 = offsets[1], o2 = offsets[2], o3 = offsets[3], o4 = offsets[4];
        nint o5 = offsets[5], o6 = offsets[6], o7 = offsets[7], o8 = offsets[8];
        for (var end = runs + count; runs < end; runs++)
        {
            var source = runs->Source;
            for (var left = runs->Length; left > 0; left--, source += step, dy += TSimd.Lanes)
            {
                var d = TSimd.Load(dy);
                c0 = TSimd.MultiplyAdd(d, TSimd.Load(source + o0), c0);
                c1 = TSimd.MultiplyAdd(d, TSimd.Load(source + o1), c1);
                c2 = TSimd.MultiplyAdd(d, TSimd.Load(source + o2), c2);
                c3 = TSimd.MultiplyAdd(d, TSimd.Load(source + o3), c3);
                c4 = TSimd.MultiplyAdd(d, TSimd.Load(source + o4), c4);
                c5 = TSimd.MultiplyAdd(d, TSimd.Load(source + o5), c5);
                c6 = TSimd.MultiplyAdd(d, TSimd.Load(source + o6), c6);
                c7 = TSimd.MultiplyAdd(d, TSimd.Load(source + o7), c7);
                c8 = TSimd.MultiplyAdd(d, TSimd.Load(source + o8), c8);
            }
        }

        TSimd.Store(sums, c0);
        TSimd.Store(sums + TSimd.Lanes, c1);
        TSimd.Store(sums + (2 * TSimd.Lanes), c2);
        TSimd.Store(sums + (3 * TSimd.Lanes), c3);
        TSimd.Store(sums + (4 * TSimd.Lanes), c4);
        TSimd.Store(sums + (5 * TSimd.Lanes), c5);
        TSimd.Store(sums + (6 * TSimd.Lanes), c6);
        TSimd.Store(sums + (7 * TSimd.Lanes), c7);
        TSimd.Store(sums + (8 * TSimd.Lanes), c8);
    }
}
