using System.Runtime.CompilerServices;

namespace Trainer.Kernels.Devices.Cpu.Reduction;

/// <summary>Of first convolutions with windows of 5 x 5: few channels, so that a vector holds them all.</summary>
internal static unsafe partial class GradientKernels<TSimd, TVector>
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
}
