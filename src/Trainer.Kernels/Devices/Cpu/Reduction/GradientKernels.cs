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
internal static unsafe class GradientKernels<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>25 rows x 1 vector, 4 pixels at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows25Vectors1(PixelRun* runs, nint count, nint step, int* offsets, float* right, float* sums)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0 = zero, c1 = zero, c2 = zero, c3 = zero, c4 = zero;
        TVector c5 = zero, c6 = zero, c7 = zero, c8 = zero, c9 = zero;
        TVector c10 = zero, c11 = zero, c12 = zero, c13 = zero, c14 = zero;
        TVector c15 = zero, c16 = zero, c17 = zero, c18 = zero, c19 = zero;
        TVector c20 = zero, c21 = zero, c22 = zero, c23 = zero, c24 = zero;
        for (var end = runs + count; runs < end; runs++)
        {
            var source = runs->Source;
            var left = runs->Length;
            for (; step == 1 && left >= 4; left -= 4, source += 4, right += 4 * TSimd.Lanes)
            {
                var x = TSimd.Load(right);
                var y = TSimd.Load(right + TSimd.Lanes);
                var z = TSimd.Load(right + (2 * TSimd.Lanes));
                var w = TSimd.Load(right + (3 * TSimd.Lanes));
                var p = source + offsets[0];
                c0 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c0);
                c0 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c0);
                c0 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c0);
                c0 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c0);
                p = source + offsets[1];
                c1 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c1);
                c1 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c1);
                c1 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c1);
                c1 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c1);
                p = source + offsets[2];
                c2 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c2);
                c2 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c2);
                c2 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c2);
                c2 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c2);
                p = source + offsets[3];
                c3 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c3);
                c3 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c3);
                c3 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c3);
                c3 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c3);
                p = source + offsets[4];
                c4 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c4);
                c4 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c4);
                c4 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c4);
                c4 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c4);
                p = source + offsets[5];
                c5 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c5);
                c5 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c5);
                c5 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c5);
                c5 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c5);
                p = source + offsets[6];
                c6 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c6);
                c6 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c6);
                c6 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c6);
                c6 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c6);
                p = source + offsets[7];
                c7 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c7);
                c7 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c7);
                c7 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c7);
                c7 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c7);
                p = source + offsets[8];
                c8 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c8);
                c8 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c8);
                c8 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c8);
                c8 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c8);
                p = source + offsets[9];
                c9 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c9);
                c9 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c9);
                c9 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c9);
                c9 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c9);
                p = source + offsets[10];
                c10 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c10);
                c10 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c10);
                c10 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c10);
                c10 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c10);
                p = source + offsets[11];
                c11 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c11);
                c11 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c11);
                c11 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c11);
                c11 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c11);
                p = source + offsets[12];
                c12 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c12);
                c12 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c12);
                c12 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c12);
                c12 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c12);
                p = source + offsets[13];
                c13 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c13);
                c13 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c13);
                c13 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c13);
                c13 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c13);
                p = source + offsets[14];
                c14 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c14);
                c14 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c14);
                c14 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c14);
                c14 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c14);
                p = source + offsets[15];
                c15 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c15);
                c15 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c15);
                c15 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c15);
                c15 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c15);
                p = source + offsets[16];
                c16 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c16);
                c16 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c16);
                c16 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c16);
                c16 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c16);
                p = source + offsets[17];
                c17 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c17);
                c17 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c17);
                c17 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c17);
                c17 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c17);
                p = source + offsets[18];
                c18 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c18);
                c18 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c18);
                c18 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c18);
                c18 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c18);
                p = source + offsets[19];
                c19 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c19);
                c19 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c19);
                c19 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c19);
                c19 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c19);
                p = source + offsets[20];
                c20 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c20);
                c20 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c20);
                c20 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c20);
                c20 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c20);
                p = source + offsets[21];
                c21 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c21);
                c21 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c21);
                c21 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c21);
                c21 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c21);
                p = source + offsets[22];
                c22 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c22);
                c22 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c22);
                c22 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c22);
                c22 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c22);
                p = source + offsets[23];
                c23 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c23);
                c23 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c23);
                c23 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c23);
                c23 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c23);
                p = source + offsets[24];
                c24 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c24);
                c24 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c24);
                c24 = TSimd.MultiplyAdd(TSimd.Broadcast(p[2]), z, c24);
                c24 = TSimd.MultiplyAdd(TSimd.Broadcast(p[3]), w, c24);
            }

            for (; left > 0; left--, source += step, right += TSimd.Lanes)
            {
                var x = TSimd.Load(right);
                c0 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[0]]), x, c0);
                c1 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[1]]), x, c1);
                c2 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[2]]), x, c2);
                c3 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[3]]), x, c3);
                c4 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[4]]), x, c4);
                c5 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[5]]), x, c5);
                c6 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[6]]), x, c6);
                c7 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[7]]), x, c7);
                c8 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[8]]), x, c8);
                c9 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[9]]), x, c9);
                c10 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[10]]), x, c10);
                c11 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[11]]), x, c11);
                c12 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[12]]), x, c12);
                c13 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[13]]), x, c13);
                c14 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[14]]), x, c14);
                c15 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[15]]), x, c15);
                c16 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[16]]), x, c16);
                c17 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[17]]), x, c17);
                c18 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[18]]), x, c18);
                c19 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[19]]), x, c19);
                c20 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[20]]), x, c20);
                c21 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[21]]), x, c21);
                c22 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[22]]), x, c22);
                c23 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[23]]), x, c23);
                c24 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[24]]), x, c24);
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
        TSimd.Store(sums + (9 * TSimd.Lanes), c9);
        TSimd.Store(sums + (10 * TSimd.Lanes), c10);
        TSimd.Store(sums + (11 * TSimd.Lanes), c11);
        TSimd.Store(sums + (12 * TSimd.Lanes), c12);
        TSimd.Store(sums + (13 * TSimd.Lanes), c13);
        TSimd.Store(sums + (14 * TSimd.Lanes), c14);
        TSimd.Store(sums + (15 * TSimd.Lanes), c15);
        TSimd.Store(sums + (16 * TSimd.Lanes), c16);
        TSimd.Store(sums + (17 * TSimd.Lanes), c17);
        TSimd.Store(sums + (18 * TSimd.Lanes), c18);
        TSimd.Store(sums + (19 * TSimd.Lanes), c19);
        TSimd.Store(sums + (20 * TSimd.Lanes), c20);
        TSimd.Store(sums + (21 * TSimd.Lanes), c21);
        TSimd.Store(sums + (22 * TSimd.Lanes), c22);
        TSimd.Store(sums + (23 * TSimd.Lanes), c23);
        TSimd.Store(sums + (24 * TSimd.Lanes), c24);
    }

    /// <summary>12 rows x 2 vectors, 2 pixels at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows12Vectors2(PixelRun* runs, nint count, nint step, int* offsets, float* right, float* sums)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0a = zero, c0b = zero;
        TVector c1a = zero, c1b = zero;
        TVector c2a = zero, c2b = zero;
        TVector c3a = zero, c3b = zero;
        TVector c4a = zero, c4b = zero;
        TVector c5a = zero, c5b = zero;
        TVector c6a = zero, c6b = zero;
        TVector c7a = zero, c7b = zero;
        TVector c8a = zero, c8b = zero;
        TVector c9a = zero, c9b = zero;
        TVector c10a = zero, c10b = zero;
        TVector c11a = zero, c11b = zero;
        for (var end = runs + count; runs < end; runs++)
        {
            var source = runs->Source;
            var left = runs->Length;
            for (; step == 1 && left >= 2; left -= 2, source += 2, right += 4 * TSimd.Lanes)
            {
                TVector xa = TSimd.Load(right), xb = TSimd.Load(right + TSimd.Lanes);
                TVector ya = TSimd.Load(right + (2 * TSimd.Lanes)), yb = TSimd.Load(right + (3 * TSimd.Lanes));
                var p = source + offsets[0];
                var m = TSimd.Broadcast(p[0]);
                c0a = TSimd.MultiplyAdd(m, xa, c0a);
                c0b = TSimd.MultiplyAdd(m, xb, c0b);
                m = TSimd.Broadcast(p[1]);
                c0a = TSimd.MultiplyAdd(m, ya, c0a);
                c0b = TSimd.MultiplyAdd(m, yb, c0b);
                p = source + offsets[1];
                m = TSimd.Broadcast(p[0]);
                c1a = TSimd.MultiplyAdd(m, xa, c1a);
                c1b = TSimd.MultiplyAdd(m, xb, c1b);
                m = TSimd.Broadcast(p[1]);
                c1a = TSimd.MultiplyAdd(m, ya, c1a);
                c1b = TSimd.MultiplyAdd(m, yb, c1b);
                p = source + offsets[2];
                m = TSimd.Broadcast(p[0]);
                c2a = TSimd.MultiplyAdd(m, xa, c2a);
                c2b = TSimd.MultiplyAdd(m, xb, c2b);
                m = TSimd.Broadcast(p[1]);
                c2a = TSimd.MultiplyAdd(m, ya, c2a);
                c2b = TSimd.MultiplyAdd(m, yb, c2b);
                p = source + offsets[3];
                m = TSimd.Broadcast(p[0]);
                c3a = TSimd.MultiplyAdd(m, xa, c3a);
                c3b = TSimd.MultiplyAdd(m, xb, c3b);
                m = TSimd.Broadcast(p[1]);
                c3a = TSimd.MultiplyAdd(m, ya, c3a);
                c3b = TSimd.MultiplyAdd(m, yb, c3b);
                p = source + offsets[4];
                m = TSimd.Broadcast(p[0]);
                c4a = TSimd.MultiplyAdd(m, xa, c4a);
                c4b = TSimd.MultiplyAdd(m, xb, c4b);
                m = TSimd.Broadcast(p[1]);
                c4a = TSimd.MultiplyAdd(m, ya, c4a);
                c4b = TSimd.MultiplyAdd(m, yb, c4b);
                p = source + offsets[5];
                m = TSimd.Broadcast(p[0]);
                c5a = TSimd.MultiplyAdd(m, xa, c5a);
                c5b = TSimd.MultiplyAdd(m, xb, c5b);
                m = TSimd.Broadcast(p[1]);
                c5a = TSimd.MultiplyAdd(m, ya, c5a);
                c5b = TSimd.MultiplyAdd(m, yb, c5b);
                p = source + offsets[6];
                m = TSimd.Broadcast(p[0]);
                c6a = TSimd.MultiplyAdd(m, xa, c6a);
                c6b = TSimd.MultiplyAdd(m, xb, c6b);
                m = TSimd.Broadcast(p[1]);
                c6a = TSimd.MultiplyAdd(m, ya, c6a);
                c6b = TSimd.MultiplyAdd(m, yb, c6b);
                p = source + offsets[7];
                m = TSimd.Broadcast(p[0]);
                c7a = TSimd.MultiplyAdd(m, xa, c7a);
                c7b = TSimd.MultiplyAdd(m, xb, c7b);
                m = TSimd.Broadcast(p[1]);
                c7a = TSimd.MultiplyAdd(m, ya, c7a);
                c7b = TSimd.MultiplyAdd(m, yb, c7b);
                p = source + offsets[8];
                m = TSimd.Broadcast(p[0]);
                c8a = TSimd.MultiplyAdd(m, xa, c8a);
                c8b = TSimd.MultiplyAdd(m, xb, c8b);
                m = TSimd.Broadcast(p[1]);
                c8a = TSimd.MultiplyAdd(m, ya, c8a);
                c8b = TSimd.MultiplyAdd(m, yb, c8b);
                p = source + offsets[9];
                m = TSimd.Broadcast(p[0]);
                c9a = TSimd.MultiplyAdd(m, xa, c9a);
                c9b = TSimd.MultiplyAdd(m, xb, c9b);
                m = TSimd.Broadcast(p[1]);
                c9a = TSimd.MultiplyAdd(m, ya, c9a);
                c9b = TSimd.MultiplyAdd(m, yb, c9b);
                p = source + offsets[10];
                m = TSimd.Broadcast(p[0]);
                c10a = TSimd.MultiplyAdd(m, xa, c10a);
                c10b = TSimd.MultiplyAdd(m, xb, c10b);
                m = TSimd.Broadcast(p[1]);
                c10a = TSimd.MultiplyAdd(m, ya, c10a);
                c10b = TSimd.MultiplyAdd(m, yb, c10b);
                p = source + offsets[11];
                m = TSimd.Broadcast(p[0]);
                c11a = TSimd.MultiplyAdd(m, xa, c11a);
                c11b = TSimd.MultiplyAdd(m, xb, c11b);
                m = TSimd.Broadcast(p[1]);
                c11a = TSimd.MultiplyAdd(m, ya, c11a);
                c11b = TSimd.MultiplyAdd(m, yb, c11b);
            }

            for (; left > 0; left--, source += step, right += 2 * TSimd.Lanes)
            {
                TVector xa = TSimd.Load(right), xb = TSimd.Load(right + TSimd.Lanes);
                var m = TSimd.Broadcast(source[offsets[0]]);
                c0a = TSimd.MultiplyAdd(m, xa, c0a);
                c0b = TSimd.MultiplyAdd(m, xb, c0b);
                m = TSimd.Broadcast(source[offsets[1]]);
                c1a = TSimd.MultiplyAdd(m, xa, c1a);
                c1b = TSimd.MultiplyAdd(m, xb, c1b);
                m = TSimd.Broadcast(source[offsets[2]]);
                c2a = TSimd.MultiplyAdd(m, xa, c2a);
                c2b = TSimd.MultiplyAdd(m, xb, c2b);
                m = TSimd.Broadcast(source[offsets[3]]);
                c3a = TSimd.MultiplyAdd(m, xa, c3a);
                c3b = TSimd.MultiplyAdd(m, xb, c3b);
                m = TSimd.Broadcast(source[offsets[4]]);
                c4a = TSimd.MultiplyAdd(m, xa, c4a);
                c4b = TSimd.MultiplyAdd(m, xb, c4b);
                m = TSimd.Broadcast(source[offsets[5]]);
                c5a = TSimd.MultiplyAdd(m, xa, c5a);
                c5b = TSimd.MultiplyAdd(m, xb, c5b);
                m = TSimd.Broadcast(source[offsets[6]]);
                c6a = TSimd.MultiplyAdd(m, xa, c6a);
                c6b = TSimd.MultiplyAdd(m, xb, c6b);
                m = TSimd.Broadcast(source[offsets[7]]);
                c7a = TSimd.MultiplyAdd(m, xa, c7a);
                c7b = TSimd.MultiplyAdd(m, xb, c7b);
                m = TSimd.Broadcast(source[offsets[8]]);
                c8a = TSimd.MultiplyAdd(m, xa, c8a);
                c8b = TSimd.MultiplyAdd(m, xb, c8b);
                m = TSimd.Broadcast(source[offsets[9]]);
                c9a = TSimd.MultiplyAdd(m, xa, c9a);
                c9b = TSimd.MultiplyAdd(m, xb, c9b);
                m = TSimd.Broadcast(source[offsets[10]]);
                c10a = TSimd.MultiplyAdd(m, xa, c10a);
                c10b = TSimd.MultiplyAdd(m, xb, c10b);
                m = TSimd.Broadcast(source[offsets[11]]);
                c11a = TSimd.MultiplyAdd(m, xa, c11a);
                c11b = TSimd.MultiplyAdd(m, xb, c11b);
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
        TSimd.Store(sums + (12 * TSimd.Lanes), c6a);
        TSimd.Store(sums + (13 * TSimd.Lanes), c6b);
        TSimd.Store(sums + (14 * TSimd.Lanes), c7a);
        TSimd.Store(sums + (15 * TSimd.Lanes), c7b);
        TSimd.Store(sums + (16 * TSimd.Lanes), c8a);
        TSimd.Store(sums + (17 * TSimd.Lanes), c8b);
        TSimd.Store(sums + (18 * TSimd.Lanes), c9a);
        TSimd.Store(sums + (19 * TSimd.Lanes), c9b);
        TSimd.Store(sums + (20 * TSimd.Lanes), c10a);
        TSimd.Store(sums + (21 * TSimd.Lanes), c10b);
        TSimd.Store(sums + (22 * TSimd.Lanes), c11a);
        TSimd.Store(sums + (23 * TSimd.Lanes), c11b);
    }

    /// <summary>12 rows x 1 vector, 2 pixels at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows12Vectors1(PixelRun* runs, nint count, nint step, int* offsets, float* right, float* sums)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0 = zero, c1 = zero, c2 = zero, c3 = zero, c4 = zero;
        TVector c5 = zero, c6 = zero, c7 = zero, c8 = zero, c9 = zero;
        TVector c10 = zero, c11 = zero;
        for (var end = runs + count; runs < end; runs++)
        {
            var source = runs->Source;
            var left = runs->Length;
            for (; step == 1 && left >= 2; left -= 2, source += 2, right += 2 * TSimd.Lanes)
            {
                var x = TSimd.Load(right);
                var y = TSimd.Load(right + TSimd.Lanes);
                var p = source + offsets[0];
                c0 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c0);
                c0 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c0);
                p = source + offsets[1];
                c1 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c1);
                c1 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c1);
                p = source + offsets[2];
                c2 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c2);
                c2 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c2);
                p = source + offsets[3];
                c3 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c3);
                c3 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c3);
                p = source + offsets[4];
                c4 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c4);
                c4 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c4);
                p = source + offsets[5];
                c5 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c5);
                c5 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c5);
                p = source + offsets[6];
                c6 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c6);
                c6 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c6);
                p = source + offsets[7];
                c7 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c7);
                c7 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c7);
                p = source + offsets[8];
                c8 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c8);
                c8 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c8);
                p = source + offsets[9];
                c9 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c9);
                c9 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c9);
                p = source + offsets[10];
                c10 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c10);
                c10 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c10);
                p = source + offsets[11];
                c11 = TSimd.MultiplyAdd(TSimd.Broadcast(p[0]), x, c11);
                c11 = TSimd.MultiplyAdd(TSimd.Broadcast(p[1]), y, c11);
            }

            for (; left > 0; left--, source += step, right += TSimd.Lanes)
            {
                var x = TSimd.Load(right);
                c0 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[0]]), x, c0);
                c1 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[1]]), x, c1);
                c2 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[2]]), x, c2);
                c3 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[3]]), x, c3);
                c4 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[4]]), x, c4);
                c5 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[5]]), x, c5);
                c6 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[6]]), x, c6);
                c7 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[7]]), x, c7);
                c8 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[8]]), x, c8);
                c9 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[9]]), x, c9);
                c10 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[10]]), x, c10);
                c11 = TSimd.MultiplyAdd(TSimd.Broadcast(source[offsets[11]]), x, c11);
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
        TSimd.Store(sums + (9 * TSimd.Lanes), c9);
        TSimd.Store(sums + (10 * TSimd.Lanes), c10);
        TSimd.Store(sums + (11 * TSimd.Lanes), c11);
    }

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
        for (var end = runs + count; runs < end; runs++)
        {
            var source = runs->Source;
            var left = runs->Length;
            for (; left > 0; left--, source += step, right += 2 * TSimd.Lanes)
            {
                TVector xa = TSimd.Load(right), xb = TSimd.Load(right + TSimd.Lanes);
                var m = TSimd.Broadcast(source[offsets[0]]);
                c0a = TSimd.MultiplyAdd(m, xa, c0a);
                c0b = TSimd.MultiplyAdd(m, xb, c0b);
                m = TSimd.Broadcast(source[offsets[1]]);
                c1a = TSimd.MultiplyAdd(m, xa, c1a);
                c1b = TSimd.MultiplyAdd(m, xb, c1b);
                m = TSimd.Broadcast(source[offsets[2]]);
                c2a = TSimd.MultiplyAdd(m, xa, c2a);
                c2b = TSimd.MultiplyAdd(m, xb, c2b);
                m = TSimd.Broadcast(source[offsets[3]]);
                c3a = TSimd.MultiplyAdd(m, xa, c3a);
                c3b = TSimd.MultiplyAdd(m, xb, c3b);
                m = TSimd.Broadcast(source[offsets[4]]);
                c4a = TSimd.MultiplyAdd(m, xa, c4a);
                c4b = TSimd.MultiplyAdd(m, xb, c4b);
                m = TSimd.Broadcast(source[offsets[5]]);
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
