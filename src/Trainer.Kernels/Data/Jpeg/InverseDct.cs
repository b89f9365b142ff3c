using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Trainer.Kernels.Data.Jpeg;

/// <summary>From a block's 64 coefficients to its pixels, with the bits of libjpeg's accurate integers (JDCT_ISLOW).</summary>
/// <remarks>
/// C. Loeffler, A. Ligtenberg, G. Moschytz: Practical Fast 1-D DCT Algorithms with 11 Multiplications (ICASSP 1989), with 13 bits behind the point and two more that are kept
/// between the passes: columns first, then rows, eight of them side by side. The values must not be larger than 32 bits hold, and pixels not further beyond white and black than
/// libjpeg's table reaches: blocks of pictures never are, and others are refused.
/// </remarks>
internal static class InverseDct
{
    private const int ConstantBits = 13;
    private const int PassBits = 2;
    private const int Center = 128;

    /// <summary>Pixels may be this far from grey.</summary>
    private const int Reach = 512;

    /// <summary>Of the sum of a block's coefficients, signs aside. No block of pixels comes to more, and none of the sums below to 2^31: a column's result is at most 5.7 times it, and a row's 1.4 times 2^13 times that.</summary>
    private const int MostSum = 8000;

    /// <summary>Bytes of four columns by rows, to rows of four.</summary>
    private static readonly Vector256<byte> Columns = Vector256.Create(
        (byte)0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);

    /// <summary>Of a block that has its first coefficient alone.</summary>
    /// <returns>Whether it is a block of a picture.</returns>
    public static bool Fill(int first, Span<byte> pixels, int stride)
    {
        if (Math.Abs(first) > MostSum)
        {
            return false;
        }

        var value = ((first << PassBits) + (1 << (PassBits + 2))) >> (PassBits + 3);
        if (value is < -Reach or >= Reach)
        {
            return false;
        }

        var eight = 0x0101010101010101UL * (byte)Math.Clamp(value + Center, 0, 255);
        for (var row = 0; row < 8; row++)
        {
            MemoryMarshal.Write(pixels[(row * stride)..], eight);
        }

        return true;
    }

    /// <summary>Of any block.</summary>
    /// <param name="block">Its coefficients by rows. Zeros afterwards.</param>
    /// <param name="pixels">Its first one, with the rows that it lies in.</param>
    /// <returns>Whether it is a block of a picture.</returns>
    public static bool Run(Span<int> block, Span<byte> pixels, int stride)
    {
        ref var first = ref MemoryMarshal.GetReference(block[..QuantTable.Length]);
        var (r0, r1, r2, r3) = (Row(ref first, 0), Row(ref first, 1), Row(ref first, 2), Row(ref first, 3));
        var (r4, r5, r6, r7) = (Row(ref first, 4), Row(ref first, 5), Row(ref first, 6), Row(ref first, 7));
        Clear(ref first);
        var sums = Vector256.Abs(r0) + Vector256.Abs(r1) + Vector256.Abs(r2) + Vector256.Abs(r3) + Vector256.Abs(r4) + Vector256.Abs(r5) + Vector256.Abs(r6) + Vector256.Abs(r7);
        if (Vector256.Sum(sums) > MostSum)
        {
            return false;
        }

        Pass(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7, ConstantBits - PassBits);
        Transpose(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7);
        Pass(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7, ConstantBits + PassBits + 3);
        var reach = Vector256.Create(Reach);
        var beyond = ((r0 + reach) | (r1 + reach) | (r2 + reach) | (r3 + reach) | (r4 + reach) | (r5 + reach) | (r6 + reach) | (r7 + reach)) & Vector256.Create(~((2 * Reach) - 1));
        if (beyond != Vector256<int>.Zero)
        {
            return false;
        }

        Store(Quarter(r0, r1, r2, r3), Quarter(r4, r5, r6, r7), pixels, stride);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Row(ref int first, int row) => Vector256.LoadUnsafe(ref first, (nuint)(8 * row));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Clear(ref int first)
    {
        for (nuint i = 0; i < QuantTable.Length; i += 8)
        {
            Vector256<int>.Zero.StoreUnsafe(ref first, i);
        }
    }

    /// <summary>Of eight columns at once, with <paramref name="shift"/> bits dropped and the last one rounded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pass(
        ref Vector256<int> r0, ref Vector256<int> r1, ref Vector256<int> r2, ref Vector256<int> r3,
        ref Vector256<int> r4, ref Vector256<int> r5, ref Vector256<int> r6, ref Vector256<int> r7, int shift)
    {
        var round = Vector256.Create(1 << (shift - 1));
        var z = (r2 + r6) * 4433;
        var (even2, even3) = (z - (r6 * 15137), z + (r2 * 6270));
        var (even0, even1) = (((r0 + r4) << ConstantBits) + round, ((r0 - r4) << ConstantBits) + round);
        var (a, b, c, d) = (even0 + even3, even1 + even2, even1 - even2, even0 - even3);

        var z5 = (r7 + r3 + r5 + r1) * 9633;
        var (z1, z2) = ((r7 + r1) * -7373, (r5 + r3) * -20995);
        var (z3, z4) = (z5 - ((r7 + r3) * 16069), z5 - ((r5 + r1) * 3196));
        var (odd0, odd1) = ((r7 * 2446) + z1 + z3, (r5 * 16819) + z2 + z4);
        var (odd2, odd3) = ((r3 * 25172) + z2 + z3, (r1 * 12299) + z1 + z4);
        (r0, r7) = ((a + odd3) >> shift, (a - odd3) >> shift);
        (r1, r6) = ((b + odd2) >> shift, (b - odd2) >> shift);
        (r2, r5) = ((c + odd1) >> shift, (c - odd1) >> shift);
        (r3, r4) = ((d + odd0) >> shift, (d - odd0) >> shift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        ref Vector256<int> r0, ref Vector256<int> r1, ref Vector256<int> r2, ref Vector256<int> r3,
        ref Vector256<int> r4, ref Vector256<int> r5, ref Vector256<int> r6, ref Vector256<int> r7)
    {
        Halves(ref r0, ref r4);
        Halves(ref r1, ref r5);
        Halves(ref r2, ref r6);
        Halves(ref r3, ref r7);
        FourByFour(ref r0, ref r1, ref r2, ref r3);
        FourByFour(ref r4, ref r5, ref r6, ref r7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Halves(ref Vector256<int> a, ref Vector256<int> b) =>
        (a, b) = (Avx2.Permute2x128(a, b, 0x20), Avx2.Permute2x128(a, b, 0x31));

    /// <summary>In each half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourByFour(ref Vector256<int> a, ref Vector256<int> b, ref Vector256<int> c, ref Vector256<int> d)
    {
        var (ab, cd) = (Avx2.UnpackLow(a, b).AsInt64(), Avx2.UnpackLow(c, d).AsInt64());
        var (ef, gh) = (Avx2.UnpackHigh(a, b).AsInt64(), Avx2.UnpackHigh(c, d).AsInt64());
        (a, b) = (Avx2.UnpackLow(ab, cd).AsInt32(), Avx2.UnpackHigh(ab, cd).AsInt32());
        (c, d) = (Avx2.UnpackLow(ef, gh).AsInt32(), Avx2.UnpackHigh(ef, gh).AsInt32());
    }

    /// <summary>Four columns as bytes, by rows: 0 to 3 in the lower half, 4 to 7 in the upper.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Quarter(Vector256<int> c0, Vector256<int> c1, Vector256<int> c2, Vector256<int> c3)
    {
        var center = Vector256.Create((short)Center);
        var (low, high) = (Avx2.PackSignedSaturate(c0, c1) + center, Avx2.PackSignedSaturate(c2, c3) + center);
        return Avx2.Shuffle(Avx2.PackUnsignedSaturate(low, high), Columns).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<int> left, Vector256<int> right, Span<byte> pixels, int stride)
    {
        var (even, odd) = (Avx2.UnpackLow(left, right).AsUInt64(), Avx2.UnpackHigh(left, right).AsUInt64());
        ref var first = ref MemoryMarshal.GetReference(pixels[..((7 * stride) + 8)]);
        StoreTwo(even.GetLower(), ref first, stride);
        StoreTwo(odd.GetLower(), ref Unsafe.Add(ref first, 2 * stride), stride);
        StoreTwo(even.GetUpper(), ref Unsafe.Add(ref first, 4 * stride), stride);
        StoreTwo(odd.GetUpper(), ref Unsafe.Add(ref first, 6 * stride), stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreTwo(Vector128<ulong> rows, ref byte first, int stride)
    {
        Unsafe.WriteUnaligned(ref first, rows[0]);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref first, stride), rows[1]);
    }
}
