using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Reduction;

/// <summary>Neighbouring pixels of a chain: where row 0 of the left operand lies for the first of them, and how many they are.</summary>
internal readonly unsafe struct PixelRun(float* source, int length)
{
    public readonly float* Source = source;
    public readonly int Length = length;
}

/// <summary>
/// Micro-kernels of weight gradients: sums (rows x columns) = the chains, from +0, over the pixels of some runs, of left[row] x right[column].
/// The left operand is read where it lies, element source + i x step + offsets[row] for pixel i of a run; the right one is packed
/// (pixels x columns). One accumulator per output, pixels ascending, fused: Form C.
/// </summary>
/// <remarks>
/// So the patches of a convolution need not be packed, only dy, which is smaller by the filter's size. A row's address is loaded once for
/// several pixels. See <see cref="Gemm.MicroKernels{TSimd,TVector}"/> on why these are unrolled leaf methods.
/// </remarks>
internal static unsafe partial class GradientKernels<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>6 rows x 2 vectors, 1 pixel at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows6Vectors2(PixelRun* runs, nint count, nint step, int* offsets, float* right, float* sums)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0a = zero, c0b = zero;
        TVector c1a = zero, c1b = zero;
        TVector c2a = zero, c2b = zero;
        TVector c3a = zero, c3b = zero;
        TVector c4a = zero, c4b = zero;
        TVector c5a = zero, c5b = zero;
        nint row0 = offsets[0], row1 = offsets[1], row2 = offsets[2], row3 = offsets[3], row4 = offsets[4], row5 = offsets[5];
        for (var end = runs + count; runs < end; runs++)
        {
            var source = runs->Source;
            var left = runs->Length;
            for (; left > 0; left--, source += step, right += 2 * TSimd.Lanes)
            {
                TVector xa = TSimd.Load(right), xb = TSimd.Load(right + TSimd.Lanes);
                var m = TSimd.Broadcast(source[row0]);
                c0a = TSimd.MultiplyAdd(m, xa, c0a);
                c0b = TSimd.MultiplyAdd(m, xb, c0b);
                m = TSimd.Broadcast(source[row1]);
                c1a = TSimd.MultiplyAdd(m, xa, c1a);
                c1b = TSimd.MultiplyAdd(m, xb, c1b);
                m = TSimd.Broadcast(source[row2]);
                c2a = TSimd.MultiplyAdd(m, xa, c2a);
                c2b = TSimd.MultiplyAdd(m, xb, c2b);
                m = TSimd.Broadcast(source[row3]);
                c3a = TSimd.MultiplyAdd(m, xa, c3a);
                c3b = TSimd.MultiplyAdd(m, xb, c3b);
                m = TSimd.Broadcast(source[row4]);
                c4a = TSimd.MultiplyAdd(m, xa, c4a);
                c4b = TSimd.MultiplyAdd(m, xb, c4b);
                m = TSimd.Broadcast(source[row5]);
                c5a = TSimd.MultiplyAdd(m, xa, c5a);
                c5b = TSimd.MultiplyAdd(m, xb, c5b);
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
        TSimd.Store(sums + (10 * TSimd.Lanes), c5a);
        TSimd.Store(sums + (11 * TSimd.Lanes), c5b);
    }
}
