using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Pooling;

/// <summary>
/// Planes max pooled by windows of 3 x 3 with stride 1 or 2: first the largest of three neighbours in each row of x, then of three such rows, which stride 1 looks at three
/// times. The same bits as the general way gives: of equals the first, of several NaN the first.
/// </summary>
/// <remarks>
/// Rows are written by whole vectors, in order: what lands beyond one is written again by the next, and there is room for a vector beyond the last.
/// </remarks>
internal static unsafe class TripleKernels<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Rows and columns of zeros around gradients.</summary>
    public const int Border = 2;

    public static bool Covers(in Pool2dGeometry g) =>
        g is { R: 3, S: 3, DilationH: 1, DilationW: 1, PadH: < 2, PadW: < 2 } && g.StrideH == g.StrideW && g.StrideW is 1 or 2;

    /// <summary>values[row][q] = the largest of x[row][q x stride ..+ 3], and which of the three it was.</summary>
    /// <param name="x">Rows a line apart, with their padding.</param>
    /// <param name="firstTaps">Per q the first of the three that is no padding.</param>
    /// <param name="targetLine">Elements between rows of the results; whole vectors of <paramref name="columns"/> fit.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows(
        float* x, nint line, int rows, int columns, int stride, float* firstTaps, float* values, float* taps, nint targetLine)
    {
        TVector one = TSimd.Broadcast(1), two = TSimd.Broadcast(2);
        for (var row = 0; row < rows; row++, x += line, values += targetLine, taps += targetLine)
        {
            for (var q = 0; q < columns; q += TSimd.Lanes)
            {
                TVector best, second, third;
                if (stride == 1)
                {
                    (best, second, third) = (TSimd.Load(x + q), TSimd.Load(x + q + 1), TSimd.Load(x + q + 2));
                }
                else
                {
                    var source = x + (2 * q);
                    TSimd.Deinterleave(TSimd.Load(source), TSimd.Load(source + TSimd.Lanes), out best, out second);
                    TSimd.Deinterleave(TSimd.Load(source + 2), TSimd.Load(source + TSimd.Lanes + 2), out third, out _);
                }

                var tap = TSimd.Load(firstTaps + q);
                TSimd.SelectLarger(second, one, ref best, ref tap);
                TSimd.SelectLarger(third, two, ref best, ref tap);
                TSimd.Store(values + q, best);
                TSimd.Store(taps + q, tap);
            }
        }
    }

    /// <summary>One row of outputs from the rows of its window.</summary>
    /// <param name="first">The first row of the window that the image has, of <paramref name="count"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Columns(float* values, float* taps, nint line, int first, int count, int columns, float* y, float* chosen)
    {
        TVector start = TSimd.Broadcast(3 * first), second = TSimd.Broadcast(3 * (first + 1)), third = TSimd.Broadcast(3 * (first + 2));
        for (var q = 0; q < columns; q += TSimd.Lanes)
        {
            var best = TSimd.Load(values + q);
            var tap = TSimd.Add(TSimd.Load(taps + q), start);
            if (count > 1)
            {
                TSimd.SelectLarger(TSimd.Load(values + line + q), TSimd.Add(TSimd.Load(taps + line + q), second), ref best, ref tap);
            }

            if (count > 2)
            {
                TSimd.SelectLarger(TSimd.Load(values + (2 * line) + q), TSimd.Add(TSimd.Load(taps + (2 * line) + q), third), ref best, ref tap);
            }

            TSimd.Store(y + q, best);
            TSimd.Store(chosen + q, tap);
        }
    }

    /// <summary>A row of dx, stride 1: from +0, windows ascending, each dy whose window chose this pixel.</summary>
    /// <param name="dy">Of the first window that the row's first pixel lies in, as its last tap. Rows of dy are a line apart, with zeros around.</param>
    /// <param name="taps">Elements from a window's dy to the tap that it chose.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradients(float* dy, nint taps, nint line, int width, float* dx)
    {
        for (var w = 0; w < width; w += TSimd.Lanes)
        {
            var sum = TSimd.Broadcast(0);
            var source = dy + w;
            for (var last = 8; last > 0; last -= 3, source += line)
            {
                sum = TSimd.Add(sum, Chosen(source, taps, last));
                sum = TSimd.Add(sum, Chosen(source + 1, taps, last - 1));
                sum = TSimd.Add(sum, Chosen(source + 2, taps, last - 2));
            }

            TSimd.Store(dx + w, sum);
        }
    }

    /// <summary>A row of dx, stride 2.</summary>
    /// <param name="dy">Of the row's first window. Pixels 2 i and 2 i + 1 lie in window i; one of them, the odd one where <paramref name="pad"/> is 1, in a neighbour too.</param>
    /// <param name="taps">Elements from a window's dy to the tap that it chose.</param>
    /// <param name="row">Which row of the first windows the pixels are: 1, or 2 where they lie in the next row of windows too.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradients2(float* dy, nint taps, nint line, int row, int pad, int width, float* dx)
    {
        for (var i = 0; 2 * i < width; i += TSimd.Lanes)
        {
            TVector single = TSimd.Broadcast(0), twice = TSimd.Broadcast(0);
            var source = dy + i;
            for (var r = row; r >= 0; r -= 2, source += line)
            {
                single = TSimd.Add(single, Chosen(source, taps, (3 * r) + 1));
                twice = TSimd.Add(twice, Chosen(source - 1 + pad, taps, (3 * r) + 2));
                twice = TSimd.Add(twice, Chosen(source + pad, taps, 3 * r));
            }

            TVector low, high;
            if (pad == 0)
            {
                TSimd.Interleave(twice, single, out low, out high);
            }
            else
            {
                TSimd.Interleave(single, twice, out low, out high);
            }

            TSimd.Store(dx + (2 * i), low);
            TSimd.Store(dx + (2 * i) + TSimd.Lanes, high);
        }
    }

    /// <summary>dy where the window chose this tap, else +0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Chosen(float* dy, nint taps, int tap) =>
        TSimd.SelectEqual(TSimd.Load(dy + taps), TSimd.Broadcast(tap), TSimd.Load(dy), TSimd.Broadcast(0));
}
