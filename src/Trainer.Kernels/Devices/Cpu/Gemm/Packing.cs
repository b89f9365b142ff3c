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
        for (; Avx512F.IsSupported && row + 16 <= rows && columns >= 16; row += 16)
        {
            TransposeSixteenRows(source + (row * sourceStride), sourceStride, columns, target + row, targetStride);
        }

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

    /// <summary>As <see cref="Transpose"/> for 16 rows of at least 16 columns; the last block of columns overlaps the one before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransposeSixteenRows(float* source, nint sourceStride, int columns, float* target, nint targetStride)
    {
        for (var column = 0; column < columns; column += 16)
        {
            column = Math.Min(column, columns - 16);
            TransposeSquare(source + column, sourceStride, target + (column * targetStride), targetStride);
        }
    }

    /// <summary>16 x 16 in registers: pairs of elements, then of pairs, then quarters of vectors change places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeSquare(float* source, nint sourceStride, float* target, nint targetStride)
    {
        FourRows(source, sourceStride, out var a0, out var a1, out var a2, out var a3);
        FourRows(source + (4 * sourceStride), sourceStride, out var b0, out var b1, out var b2, out var b3);
        FourRows(source + (8 * sourceStride), sourceStride, out var c0, out var c1, out var c2, out var c3);
        FourRows(source + (12 * sourceStride), sourceStride, out var d0, out var d1, out var d2, out var d3);
        FourColumns(a0, b0, c0, d0, target, targetStride);
        FourColumns(a1, b1, c1, d1, target + targetStride, targetStride);
        FourColumns(a2, b2, c2, d2, target + (2 * targetStride), targetStride);
        FourColumns(a3, b3, c3, d3, target + (3 * targetStride), targetStride);
    }

    /// <summary>Of four rows: columns i, i + 4, i + 8 and i + 12 side by side, for i = 0 to 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourRows(
        float* source, nint stride, out Vector512<float> v0, out Vector512<float> v1, out Vector512<float> v2, out Vector512<float> v3)
    {
        var (a, b) = (Vector512.Load(source), Vector512.Load(source + stride));
        var (c, d) = (Vector512.Load(source + (2 * stride)), Vector512.Load(source + (3 * stride)));
        var (abLow, abHigh) = (Avx512F.UnpackLow(a, b).AsDouble(), Avx512F.UnpackHigh(a, b).AsDouble());
        var (cdLow, cdHigh) = (Avx512F.UnpackLow(c, d).AsDouble(), Avx512F.UnpackHigh(c, d).AsDouble());
        (v0, v1) = (Avx512F.UnpackLow(abLow, cdLow).AsSingle(), Avx512F.UnpackHigh(abLow, cdLow).AsSingle());
        (v2, v3) = (Avx512F.UnpackLow(abHigh, cdHigh).AsSingle(), Avx512F.UnpackHigh(abHigh, cdHigh).AsSingle());
    }

    /// <summary>Writes columns i, i + 4, i + 8 and i + 12 of all sixteen rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourColumns(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* target, nint stride)
    {
        var (abLow, abHigh) = (Avx512F.Shuffle4x128(a, b, 0x44), Avx512F.Shuffle4x128(a, b, 0xEE));
        var (cdLow, cdHigh) = (Avx512F.Shuffle4x128(c, d, 0x44), Avx512F.Shuffle4x128(c, d, 0xEE));
        Avx512F.Shuffle4x128(abLow, cdLow, 0x88).Store(target);
        Avx512F.Shuffle4x128(abLow, cdLow, 0xDD).Store(target + (4 * stride));
        Avx512F.Shuffle4x128(abHigh, cdHigh, 0x88).Store(target + (8 * stride));
        Avx512F.Shuffle4x128(abHigh, cdHigh, 0xDD).Store(target + (12 * stride));
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

    /// <summary>Copies the elements of a row by vectors, the last of which overlaps the one before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CopyShort(float* source, float* target, int count)
    {
        if (count < 8)
        {
            Copy(source, target, count);
            return;
        }

        for (var i = 0; i < count - 8; i += 8)
        {
            Vector256.Load(source + i).Store(target + i);
        }

        Vector256.Load(source + count - 8).Store(target + count - 8);
    }

    /// <summary>Deals the elements of a row out to panels that are a stride apart, <paramref name="width"/> (at least 4) to each; the last gets what is left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Deal(float* source, int count, int width, float* target, nint targetStride)
    {
        for (; count >= width; count -= width, source += width, target += targetStride)
        {
            for (var i = 0; i < width - 4; i += 4)
            {
                Vector128.Load(source + i).Store(target + i);
            }

            Vector128.Load(source + width - 4).Store(target + width - 4);
        }

        Copy(source, target, count);
    }

    /// <summary>Copies a block of rows between matrices.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyBlock(float* source, nint sourceStride, int rows, int columns, float* target, nint targetStride)
    {
        for (var row = 0; row < rows; row++, source += sourceStride, target += targetStride)
        {
            CopyShort(source, target, columns);
        }
    }

    /// <summary>As <see cref="CopyBlock"/> past the caches, for what is written once and read much later. Unaligned rows are simply copied.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StreamBlock(float* source, nint sourceStride, int rows, int columns, float* target, nint targetStride)
    {
        if (((nint)target | (targetStride * sizeof(float)) | (columns * sizeof(float))) % 64 != 0)
        {
            CopyBlock(source, sourceStride, rows, columns, target, targetStride);
            return;
        }

        for (var row = 0; row < rows; row++, source += sourceStride, target += targetStride)
        {
            for (var i = 0; i < columns; i += 8)
            {
                Vector256.Load(source + i).StoreAlignedNonTemporal(target + i);
            }
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
