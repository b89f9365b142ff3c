using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Trainer.Kernels.Data.Jpeg;

/// <summary>Rows of brightness and colour as RGB, with libjpeg's bits: products with 16 bits behind the point, rounded.</summary>
/// <remarks>
/// R = Y + 1.402 Cr, G = Y - 0.34414 Cb - 0.71414 Cr, B = Y + 1.772 Cb (JFIF 1.02), less 128 each of Cb and Cr. Whole parts are taken out, so that what is left fits products of 16 bits:
/// 0.402, -0.34414 and 0.28586, -0.228.
/// </remarks>
internal static class ColourRow
{
    private const int Lanes = 16;
    private const int Channels = 3;

    private static readonly Vector128<byte> RedFirst = Vector128.Create((byte)0, 255, 255, 1, 255, 255, 2, 255, 255, 3, 255, 255, 4, 255, 255, 5);
    private static readonly Vector128<byte> RedSecond = Vector128.Create((byte)255, 255, 6, 255, 255, 7, 255, 255, 8, 255, 255, 9, 255, 255, 10, 255);
    private static readonly Vector128<byte> RedThird = Vector128.Create((byte)255, 11, 255, 255, 12, 255, 255, 13, 255, 255, 14, 255, 255, 15, 255, 255);
    private static readonly Vector128<byte> GreenFirst = Vector128.Create((byte)255, 0, 255, 255, 1, 255, 255, 2, 255, 255, 3, 255, 255, 4, 255, 255);
    private static readonly Vector128<byte> GreenSecond = Vector128.Create((byte)5, 255, 255, 6, 255, 255, 7, 255, 255, 8, 255, 255, 9, 255, 255, 10);
    private static readonly Vector128<byte> GreenThird = Vector128.Create((byte)255, 255, 11, 255, 255, 12, 255, 255, 13, 255, 255, 14, 255, 255, 15, 255);
    private static readonly Vector128<byte> BlueFirst = Vector128.Create((byte)255, 255, 0, 255, 255, 1, 255, 255, 2, 255, 255, 3, 255, 255, 4, 255);
    private static readonly Vector128<byte> BlueSecond = Vector128.Create((byte)255, 5, 255, 255, 6, 255, 255, 7, 255, 255, 8, 255, 255, 9, 255, 255);
    private static readonly Vector128<byte> BlueThird = Vector128.Create((byte)10, 255, 255, 11, 255, 255, 12, 255, 255, 13, 255, 255, 14, 255, 255, 15);

    /// <param name="y">As many as pixels.</param>
    /// <param name="cb">At least as many.</param>
    /// <param name="cr">At least as many.</param>
    /// <param name="rgb">Three times as many.</param>
    public static void Write(ReadOnlySpan<byte> y, ReadOnlySpan<byte> cb, ReadOnlySpan<byte> cr, Span<byte> rgb)
    {
        var at = 0;
        for (; at <= y.Length - Lanes; at += Lanes)
        {
            WriteLanes(y[at..], cb[at..], cr[at..], rgb[(Channels * at)..]);
        }

        if (at < y.Length)
        {
            Span<byte> room = stackalloc byte[(3 + Channels) * Lanes];
            y[at..].CopyTo(room);
            cb[at..y.Length].CopyTo(room[Lanes..]);
            cr[at..y.Length].CopyTo(room[(2 * Lanes)..]);
            WriteLanes(room, room[Lanes..], room[(2 * Lanes)..], room[(3 * Lanes)..]);
            room.Slice(3 * Lanes, Channels * (y.Length - at)).CopyTo(rgb[(Channels * at)..]);
        }
    }

    /// <summary>A row without colour.</summary>
    public static void Write(ReadOnlySpan<byte> y, Span<byte> rgb)
    {
        for (var i = 0; i < y.Length; i++)
        {
            rgb.Slice(Channels * i, Channels).Fill(y[i]);
        }
    }

    private static void WriteLanes(ReadOnlySpan<byte> y, ReadOnlySpan<byte> cb, ReadOnlySpan<byte> cr, Span<byte> rgb)
    {
        var center = Vector256.Create((short)128);
        var (light, blue, red) = (Widen(y), Widen(cb) - center, Widen(cr) - center);
        var one = Vector256<short>.One;
        var r = light + red + ((Avx2.MultiplyHigh(red + red, Vector256.Create((short)26345)) + one) >> 1);
        var b = light + blue + blue + ((Avx2.MultiplyHigh(blue + blue, Vector256.Create((short)-14942)) + one) >> 1);
        var g = light - red + Avx2.PackSignedSaturate(Green(Avx2.UnpackLow(blue, red)), Green(Avx2.UnpackHigh(blue, red)));
        Store(Narrow(r), Narrow(g), Narrow(b), rgb);
    }

    private static Vector256<short> Widen(ReadOnlySpan<byte> values) => Avx2.ConvertToVector256Int16(Vector128.Create(values[..Lanes]));

    private static Vector256<int> Green(Vector256<short> blueAndRed) =>
        (Avx2.MultiplyAddAdjacent(blueAndRed, Vector256.Create((-22554 & 0xFFFF) | (18734 << 16)).AsInt16()) + Vector256.Create(1 << 15)) >> 16;

    private static Vector128<byte> Narrow(Vector256<short> values) => Sse2.PackUnsignedSaturate(values.GetLower(), values.GetUpper());

    private static void Store(Vector128<byte> r, Vector128<byte> g, Vector128<byte> b, Span<byte> rgb)
    {
        ref var first = ref MemoryMarshal.GetReference(rgb[..(Channels * Lanes)]);
        (Ssse3.Shuffle(r, RedFirst) | Ssse3.Shuffle(g, GreenFirst) | Ssse3.Shuffle(b, BlueFirst)).StoreUnsafe(ref first);
        (Ssse3.Shuffle(r, RedSecond) | Ssse3.Shuffle(g, GreenSecond) | Ssse3.Shuffle(b, BlueSecond)).StoreUnsafe(ref first, Lanes);
        (Ssse3.Shuffle(r, RedThird) | Ssse3.Shuffle(g, GreenThird) | Ssse3.Shuffle(b, BlueThird)).StoreUnsafe(ref first, 2 * Lanes);
    }
}
