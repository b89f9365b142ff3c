using System.Numerics;
using System.Runtime.InteropServices;

namespace Trainer.Kernels.Arithmetic;

/// <summary>bfloat16: the upper half of a float32, 7 bits of mantissa.</summary>
/// <remarks>
/// Rounds to the nearest, of two equally near ones to the even one, subnormals included; what is beyond the largest becomes infinite, as IEEE 754 has it.
/// Infinities stay, and a NaN stays one. An element is (bits + 0x7FFF + lowest bit kept) without its lower half: the vectors' width has no part in it.
/// </remarks>
public static class Bfloat16
{
    private const int Upper = unchecked((int)0xFFFF0000);
    private const int Infinity = 0x7F800000;
    private const int Quiet = 0x00400000;

    public static float Round(float value)
    {
        var bits = BitConverter.SingleToInt32Bits(value);
        return BitConverter.Int32BitsToSingle((float.IsNaN(value) ? bits | Quiet : bits + 0x7FFF + ((bits >> 16) & 1)) & Upper);
    }

    /// <summary>Rounds every value where it lies; whether all of them are finite then.</summary>
    public static bool Round(Span<float> values)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        var notFinite = Vector<int>.Zero;
        for (var i = 0; i < vectors.Length; i++)
        {
            var bits = Vector.AsVectorInt32(vectors[i]);
            var even = bits + new Vector<int>(0x7FFF) + (Vector.ShiftRightLogical(bits, 16) & Vector<int>.One);
            var rounded = Vector.ConditionalSelect(Vector.Equals(vectors[i], vectors[i]), even, bits | new Vector<int>(Quiet)) & new Vector<int>(Upper);
            vectors[i] = Vector.AsVectorSingle(rounded);
            notFinite |= Vector.Equals(rounded & new Vector<int>(Infinity), new Vector<int>(Infinity));
        }

        var finite = notFinite == Vector<int>.Zero;
        for (var i = vectors.Length * Vector<float>.Count; i < values.Length; i++)
        {
            values[i] = Round(values[i]);
            finite &= float.IsFinite(values[i]);
        }

        return finite;
    }

    /// <summary>The upper halves of values that are bfloat16 already.</summary>
    /// <param name="packed">As many elements or more.</param>
    public static void Pack(ReadOnlySpan<float> values, Span<ushort> packed)
    {
        var from = MemoryMarshal.Cast<float, Vector<uint>>(values);
        var to = MemoryMarshal.Cast<ushort, Vector<ushort>>(packed);
        for (var i = 0; i + 1 < from.Length; i += 2)
        {
            to[i / 2] = Vector.Narrow(Vector.ShiftRightLogical(from[i], 16), Vector.ShiftRightLogical(from[i + 1], 16));
        }

        for (var i = from.Length / 2 * Vector<ushort>.Count; i < values.Length; i++)
        {
            packed[i] = (ushort)(BitConverter.SingleToUInt32Bits(values[i]) >> 16);
        }
    }

    /// <summary>The way back of <see cref="Pack"/>.</summary>
    public static void Unpack(ReadOnlySpan<ushort> packed, Span<float> values)
    {
        var from = MemoryMarshal.Cast<ushort, Vector<ushort>>(packed);
        var to = MemoryMarshal.Cast<float, Vector<uint>>(values);
        var whole = Math.Min(from.Length, to.Length / 2);
        for (var i = 0; i < whole; i++)
        {
            Vector.Widen(from[i], out var low, out var high);
            (to[2 * i], to[(2 * i) + 1]) = (Vector.ShiftLeft(low, 16), Vector.ShiftLeft(high, 16));
        }

        for (var i = whole * Vector<ushort>.Count; i < values.Length; i++)
        {
            values[i] = BitConverter.UInt32BitsToSingle((uint)packed[i] << 16);
        }
    }
}
