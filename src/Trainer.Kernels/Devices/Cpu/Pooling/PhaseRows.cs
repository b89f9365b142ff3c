using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Pooling;

/// <summary>
/// Rows by phase: column c of a row, the padding on its left counted, is element c / stride of phase c mod stride, and each
/// phase has its own run of elements. Only elements of the row itself are written.
/// </summary>
internal static unsafe class PhaseRows<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    public static void Split(float* source, int width, int stride, int pad, float* target, int phaseColumns)
    {
        if (stride == 1)
        {
            new ReadOnlySpan<float>(source, width).CopyTo(new Span<float>(target + pad, width));
        }
        else if (stride == 2)
        {
            // The row's even columns, counted without padding, are of phase pad mod 2.
            var even = target + (pad % 2 * phaseColumns) + (pad / 2);
            var odd = target + ((1 - (pad % 2)) * phaseColumns) + ((pad + 1) / 2);
            SplitPairs(source, width, even, odd);
        }
        else
        {
            SplitAny(source, width, stride, pad, target, phaseColumns);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SplitPairs(float* source, int width, float* even, float* odd)
    {
        var column = 0;
        for (; column + (2 * TSimd.Lanes) <= width; column += 2 * TSimd.Lanes)
        {
            TSimd.Deinterleave(TSimd.Load(source + column), TSimd.Load(source + column + TSimd.Lanes), out var a, out var b);
            TSimd.Store(even + (column / 2), a);
            TSimd.Store(odd + (column / 2), b);
        }

        if (column < width)
        {
            TSimd.Deinterleave(TSimd.Load(source + column), TSimd.Load(source + column + TSimd.Lanes), out var a, out var b);
            TSimd.StoreFirst(even + (column / 2), a, (width - column + 1) / 2);
            TSimd.StoreFirst(odd + (column / 2), b, (width - column) / 2);
        }
    }

    private static void SplitAny(float* source, int width, int stride, int pad, float* target, int phaseColumns)
    {
        var (phase, place) = (pad % stride, pad / stride);
        for (var column = 0; column < width; column++)
        {
            target[(phase * phaseColumns) + place] = source[column];
            phase++;
            if (phase == stride)
            {
                (phase, place) = (0, place + 1);
            }
        }
    }

    /// <summary>The inverse, without padding: column c is element c / stride of phase c mod stride.</summary>
    public static void Join(float* source, int phaseColumns, int stride, int columns, float* target)
    {
        if (stride == 2)
        {
            JoinPairs(source, source + phaseColumns, columns, target);
            return;
        }

        for (var phase = 0; phase < stride; phase++)
        {
            for (int column = phase, place = 0; column < columns; column += stride, place++)
            {
                target[column] = source[(phase * phaseColumns) + place];
            }
        }
    }

    /// <summary>Writes whole vectors, so the target has room for two beyond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void JoinPairs(float* even, float* odd, int columns, float* target)
    {
        for (var column = 0; column < columns; column += 2 * TSimd.Lanes)
        {
            TSimd.Interleave(TSimd.Load(even + (column / 2)), TSimd.Load(odd + (column / 2)), out var low, out var high);
            TSimd.Store(target + column, low);
            TSimd.Store(target + column + TSimd.Lanes, high);
        }
    }
}
