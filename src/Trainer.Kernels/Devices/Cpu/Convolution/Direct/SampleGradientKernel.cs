using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Direct;

/// <summary>
/// Sums of the weight gradient of a vector of samples: sums[tap, filter] = the chain, from +0, over the pixels of some runs, of x times dy, pixels ascending, fused: Form C.
/// The samples' elements are side by side both in the image (source + i x step + offsets[tap] for pixel i of a run) and in dy, whose second filter lies <c>filter</c> elements behind the first.
/// </summary>
internal static unsafe class SampleGradientKernel<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Taps at once: a row of a 5 x 5 kernel. With two filters these are chains enough to keep two multipliers busy, and loads do not hold them up.</summary>
    public const int Taps = 5;

    public const int Filters = 2;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(PixelRun* runs, nint count, nint step, int* offsets, float* dy, nint filter, float* sums)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0a = zero, c0b = zero;
        TVector c1a = zero, c1b = zero;
        TVector c2a = zero, c2b = zero;
        TVector c3a = zero, c3b = zero;
        TVector c4a = zero, c4b = zero;
        nint o0 = offsets[0], o1 = offsets[1], o2 = offsets[2], o3 = offsets[3], o4 = offsets[4];
        for (var end = runs + count; runs < end; runs++)
        {
            var source = runs->Source;
            for (var left = runs->Length; left > 0; left--, source += step, dy += TSimd.Lanes)
            {
                TVector a = TSimd.Load(dy), b = TSimd.Load(dy + filter);
                var x = TSimd.Load(source + o0);
                c0a = TSimd.MultiplyAdd(a, x, c0a);
                c0b = TSimd.MultiplyAdd(b, x, c0b);
                x = TSimd.Load(source + o1);
                c1a = TSimd.MultiplyAdd(a, x, c1a);
                c1b = TSimd.MultiplyAdd(b, x, c1b);
                x = TSimd.Load(source + o2);
                c2a = TSimd.MultiplyAdd(a, x, c2a);
                c2b = TSimd.MultiplyAdd(b, x, c2b);
                x = TSimd.Load(source + o3);
                c3a = TSimd.MultiplyAdd(a, x, c3a);
                c3b = TSimd.MultiplyAdd(b, x, c3b);
                x = TSimd.Load(source + o4);
                c4a = TSimd.MultiplyAdd(a, x, c4a);
                c4b = TSimd.MultiplyAdd(b, x, c4b);
            }
        }

        TSimd.Store(sums, c0a);
        TSimd.Store(sums + TSimd.Lanes, c0b);
        TSimd.Store(sums + (2 * TSimd.Lanes), c1a);
        TSimd.Store(sums + (3 * TSimd.Lanes), c1b);
        TSimd.Store(sums + (4 * TSimd.Lanes), c2a);
        TSimd.Store(sums + (5 * TSimd.Lanes), c2b);
        TSimd.Store(sums + (6 * TSimd.Lanes), c3a);
        TSimd.Store(sums + (7 * TSimd.Lanes), c3b);
        TSimd.Store(sums + (8 * TSimd.Lanes), c4a);
        TSimd.Store(sums + (9 * TSimd.Lanes), c4b);
    }
}
