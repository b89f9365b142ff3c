using System.Numerics;
using System.Runtime.InteropServices;

namespace Trainer.Kernels.Arithmetic;

/// <summary>TF32: float32 with 10 bits of mantissa, what tensor cores multiply.</summary>
/// <remarks>
/// Rounds as PTX's cvt.rna.tf32.f32: to the nearest, of two equally near ones away from zero, subnormals included; what is beyond the largest becomes infinite.
/// A NaN stays as it is. An element is (bits + 0x1000) without its lowest 13 bits: the sign is apart, so that adding moves away from zero.
/// </remarks>
internal static class Tf32
{
    private const int Half = 0x1000;
    private const int Kept = ~0x1FFF;

    public static float Round(float value) =>
        float.IsNaN(value) ? value : BitConverter.Int32BitsToSingle((BitConverter.SingleToInt32Bits(value) + Half) & Kept);

    /// <param name="rounded">As long as <paramref name="values"/>.</param>
    public static void Round(ReadOnlySpan<float> values, Span<float> rounded)
    {
        var from = MemoryMarshal.Cast<float, Vector<float>>(values);
        var to = MemoryMarshal.Cast<float, Vector<float>>(rounded);
        for (var i = 0; i < from.Length; i++)
        {
            var nearest = (Vector.AsVectorInt32(from[i]) + new Vector<int>(Half)) & new Vector<int>(Kept);
            to[i] = Vector.ConditionalSelect(Vector.Equals(from[i], from[i]), Vector.AsVectorSingle(nearest), from[i]);
        }

        for (var i = from.Length * Vector<float>.Count; i < values.Length; i++)
        {
            rounded[i] = Round(values[i]);
        }
    }
}
