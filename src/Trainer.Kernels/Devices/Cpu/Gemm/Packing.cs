using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Trainer.Kernels.Devices.Cpu.Gemm;

/// <summary>Moves matrices into the panels that micro-kernels read. Values are copied, never computed with.</summary>
internal static unsafe class Packing
{
    /// <summary>
    /// target[column * targetStride + row] = source[row * sourceStride + column]; what is written for rows from
    /// <paramref name="rows"/> up to <paramref name="paddedRows"/>, if anything, are values of the last row.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(
        float* source, nint sourceStride, int rows, int columns, float* target, nint targetStride, int paddedRows)
    {
        var row = 0;
        for (; row + 4 <= rows; row += 4)
        {
            var line = source + (row * sourceStride);
            TransposeFourRows(
                line, line + sourceStride, line + (2 * sourceStride), line + (3 * sourceStride), columns, target + row, targetStride);
        }

        for (; row < rows && row + 4 > paddedRows; row++)
        {
            var line = source + (row * sourceStride);
            for (var column = 0; column < columns; column++)
            {
                target[(column * targetStride) + row] = line[column];
            }
        }

        if (row < rows)
        {
            var (second, third) = (Math.Min(row + 1, rows - 1) * sourceStride, Math.Min(row + 2, rows - 1) * sourceStride);
            var line = source + (row * sourceStride);
            TransposeFourRows(line, source + second, source + third, source + third, columns, target + row, targetStride);
        }
    }

    /// <summary>target[column * targetStride + i] = row i [column], for four rows that may lie anywhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TransposeFourRows(float* row0, float* row1, float* row2, float* row3, int columns, float* target, nint targetStride)
    {
        var column = 0;
        for (; column + 4 <= columns; column += 4)
        {
            var (a, b) = (Vector128.Load(row0 + column), Vector128.Load(row1 + column));
            var (c, d) = (Vector128.Load(row2 + column), Vector128.Load(row3 + column));
            var (abLow, abHigh) = (InterleaveLow(a, b), InterleaveHigh(a, b));
            var (cdLow, cdHigh) = (InterleaveLow(c, d), InterleaveHigh(c, d));
            var line = target + (column * targetStride);
            JoinLow(abLow, cdLow).Store(line);
            JoinHigh(abLow, cdLow).Store(line + targetStride);
            JoinLow(abHigh, cdHigh).Store(line + (2 * targetStride));
            JoinHigh(abHigh, cdHigh).Store(line + (3 * targetStride));
        }

        for (; column < columns; column++)
        {
            var line = target + (column * targetStride);
            (line[0], line[1]) = (row0[column], row1[column]);
            (line[2], line[3]) = (row2[column], row3[column]);
        }
    }

    /// <summary>Copies a few elements, without the cost of a call to the runtime's copy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(float* source, float* target, int count)
    {
        var i = 0;
        for (; i + 4 <= count; i += 4)
        {
            Vector128.Load(source + i).Store(target + i);
        }

        for (; i < count; i++)
        {
            target[i] = source[i];
        }
    }

    /// <summary>Rows of <paramref name="columns"/> elements, one after another into rows of <paramref name="targetStride"/>; what is beyond becomes +0.</summary>
    public static void CopyRows(float* source, nint sourceStride, int rows, int columns, float* target, int targetStride)
    {
        for (var row = 0; row < rows; row++, source += sourceStride, target += targetStride)
        {
            new ReadOnlySpan<float>(source, columns).CopyTo(new Span<float>(target, columns));
            new Span<float>(target + columns, targetStride - columns).Clear();
        }
    }

    /// <summary>Copies a block of rows between matrices.</summary>
    public static void CopyBlock(float* source, nint sourceStride, int rows, int columns, float* target, nint targetStride)
    {
        for (var row = 0; row < rows; row++, source += sourceStride, target += targetStride)
        {
            new ReadOnlySpan<float>(source, columns).CopyTo(new Span<float>(target, columns));
        }
    }

    /// <summary>a0 b0 a1 b1</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> InterleaveLow(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b) : Vector128.Create(a[0], b[0], a[1], b[1]);

    /// <summary>a2 b2 a3 b3</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> InterleaveHigh(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b) : Vector128.Create(a[2], b[2], a[3], b[3]);

    /// <summary>a0 a1 b0 b1</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> JoinLow(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.MoveLowToHigh(a, b) : Vector128.Create(a[0], a[1], b[0], b[1]);

    /// <summary>a2 a3 b2 b3</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> JoinHigh(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.MoveHighToLow(b, a) : Vector128.Create(a[2], a[3], b[2], b[3]);
}
