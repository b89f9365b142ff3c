using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Pooling;

/// <summary>
/// Planes pooled by windows of 2 x 2 with stride 2 and no padding, which never overlap: rows in pairs straight from and to memory. The same bits as
/// the general way gives.
/// </summary>
internal static unsafe class PairKernels<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Whether no window leaves the image.</summary>
    public static bool Covers(in Pool2dGeometry g) =>
        g is { R: 2, S: 2, StrideH: 2, StrideW: 2, PadH: 0, PadW: 0, DilationH: 1, DilationW: 1 } && (!g.CeilMode || (g.H % 2 == 0 && g.W % 2 == 0));

    /// <param name="width">Of x, (2 rows, width).</param>
    /// <param name="chosen">The taps' numbers, (rows, columns) bytes; null: not wanted.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Max(float* x, int width, int rows, int columns, Activation activation, float* addend, float* y, byte* chosen)
    {
        for (var row = 0; row < rows; row++)
        {
            for (var q = 0; q < columns; q += TSimd.Lanes)
            {
                LoadPairs(x + (2 * q), out var best, out var second);
                LoadPairs(x + width + (2 * q), out var third, out var fourth);
                var number = TSimd.Broadcast(0);
                TSimd.SelectLarger(second, TSimd.Broadcast(1), ref best, ref number);
                TSimd.SelectLarger(third, TSimd.Broadcast(2), ref best, ref number);
                TSimd.SelectLarger(fourth, TSimd.Broadcast(3), ref best, ref number);
                if (chosen != null)
                {
                    StoreNumbers(chosen + q, number, columns - q, ((rows - row) * columns) - q);
                }

                best = VectorEpilogue<TSimd, TVector>.Output(best, activation, addend == null ? null : addend + q);
                EpilogueRows<TSimd, TVector>.Store(y + q, best, columns - q);
            }

            x += 2 * width;
            y += columns;
            addend = addend == null ? null : addend + columns;
            chosen = chosen == null ? null : chosen + columns;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Average(float* x, int width, int rows, int columns, Activation activation, float* addend, float* y)
    {
        var (zero, quarter) = (TSimd.Broadcast(0), TSimd.Broadcast(0.25f));
        for (var row = 0; row < rows; row++)
        {
            for (var q = 0; q < columns; q += TSimd.Lanes)
            {
                LoadPairs(x + (2 * q), out var first, out var second);
                LoadPairs(x + width + (2 * q), out var third, out var fourth);
                var sum = TSimd.Add(TSimd.Add(TSimd.Add(TSimd.Add(zero, first), second), third), fourth);
                sum = VectorEpilogue<TSimd, TVector>.Output(TSimd.Multiply(sum, quarter), activation, addend == null ? null : addend + q);
                EpilogueRows<TSimd, TVector>.Store(y + q, sum, columns - q);
            }

            x += 2 * width;
            y += columns;
            addend = addend == null ? null : addend + columns;
        }
    }

    /// <summary>A pair of rows of dx from a row of dy: (2, 2 x columns) at rows <paramref name="width"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MaxGradient(float* dy, byte* chosen, int columns, int width, Activation activation, float* output, float* addend, float* dx)
    {
        var zero = TSimd.Broadcast(0);
        for (var q = 0; q < columns; q += TSimd.Lanes)
        {
            // From +0, so that -0 becomes +0 as in any sum.
            var gradient = TSimd.Add(TSimd.Load(dy + q), zero);
            var number = TSimd.LoadBytes(chosen + q);
            var left = 2 * (columns - q);
            TSimd.Interleave(
                TSimd.SelectEqual(number, zero, gradient, zero), TSimd.SelectEqual(number, TSimd.Broadcast(1), gradient, zero), out var low, out var high);
            WritePairs(low, high, left, activation, output + (2 * q), addend == null ? null : addend + (2 * q), dx + (2 * q));
            TSimd.Interleave(
                TSimd.SelectEqual(number, TSimd.Broadcast(2), gradient, zero),
                TSimd.SelectEqual(number, TSimd.Broadcast(3), gradient, zero),
                out low,
                out high);
            var below = width + (2 * q);
            WritePairs(low, high, left, activation, output + below, addend == null ? null : addend + below, dx + below);
        }
    }

    /// <summary>As <see cref="MaxGradient"/>, a quarter to each pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AverageGradient(float* dy, int columns, int width, Activation activation, float* output, float* addend, float* dx)
    {
        for (var q = 0; q < columns; q += TSimd.Lanes)
        {
            var left = 2 * (columns - q);
            TSimd.Duplicate(TSimd.Add(TSimd.Multiply(TSimd.Load(dy + q), TSimd.Broadcast(0.25f)), TSimd.Broadcast(0)), out var low, out var high);
            WritePairs(low, high, left, activation, output + (2 * q), addend == null ? null : addend + (2 * q), dx + (2 * q));
            var below = width + (2 * q);
            WritePairs(low, high, left, activation, output + below, addend == null ? null : addend + below, dx + below);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadPairs(float* source, out TVector even, out TVector odd) =>
        TSimd.Deinterleave(TSimd.Load(source), TSimd.Load(source + TSimd.Lanes), out even, out odd);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WritePairs(TVector low, TVector high, int left, Activation activation, float* output, float* addend, float* dx)
    {
        low = VectorEpilogue<TSimd, TVector>.Gradient(low, activation, output, addend);
        EpilogueRows<TSimd, TVector>.Store(dx, low, left);
        if (left > TSimd.Lanes)
        {
            high = VectorEpilogue<TSimd, TVector>.Gradient(high, activation, output + TSimd.Lanes, addend == null ? null : addend + TSimd.Lanes);
            EpilogueRows<TSimd, TVector>.Store(dx + TSimd.Lanes, high, left - TSimd.Lanes);
        }
    }

    /// <param name="room">Bytes that may be written, of which those beyond <paramref name="count"/> will be written again.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreNumbers(byte* target, TVector numbers, int count, int room)
    {
        if (room >= TSimd.Lanes)
        {
            TSimd.StoreBytes(target, numbers);
        }
        else
        {
            StoreLast(target, numbers, count);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StoreLast(byte* target, TVector numbers, int count)
    {
        var bytes = stackalloc byte[16];
        TSimd.StoreBytes(bytes, numbers);
        new ReadOnlySpan<byte>(bytes, Math.Min(count, TSimd.Lanes)).CopyTo(new Span<byte>(target, count));
    }
}
