using System.Runtime.CompilerServices;

namespace Trainer.Kernels.Devices.Cpu.Reduction;

/// <summary>Of most convolutions.</summary>
internal static unsafe partial class GradientKernels<TSimd, TVector>
{
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
}
