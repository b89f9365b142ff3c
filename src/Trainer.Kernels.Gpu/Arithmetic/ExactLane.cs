using ILGPU;
using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Gpu.Arithmetic;

/// <summary>
/// One GPU thread as a vector of one lane, so that what is written for <see cref="ILaneMath{TVector}"/> (exp, tanh and their kin, activations,
/// Philox) is the same text, and the same bits, on both kinds of device.
/// </summary>
internal readonly struct ExactLane : ILaneMath<float>
{
    public static float Broadcast(float value) => value;

    public static float Add(float a, float b) => Exact.Add(a, b);

    public static float Subtract(float a, float b) => Exact.Subtract(a, b);

    public static float Multiply(float a, float b) => Exact.Multiply(a, b);

    public static float Divide(float a, float b) => Exact.Divide(a, b);

    public static float MultiplyAdd(float a, float b, float c) => Exact.Fma(a, b, c);

    public static float SelectLess(float a, float b, float yes, float no) => a < b ? yes : no;

    public static float SelectLessOrEqual(float a, float b, float yes, float no) => a <= b ? yes : no;

    public static float SelectEqual(float a, float b, float yes, float no) => a == b ? yes : no;

    public static void SelectLarger(float value, float index, ref float best, ref float bestIndex)
    {
        if (value > best || (float.IsNaN(value) && !float.IsNaN(best)))
        {
            best = value;
            bestIndex = index;
        }
    }

    public static float Sqrt(float a) => Exact.Sqrt(a);

    public static float CopySign(float magnitude, float sign) =>
        Interop.IntAsFloat((Interop.FloatAsInt(magnitude) & 0x7FFFFFFFu) | (Interop.FloatAsInt(sign) & 0x80000000u));

    public static float ScaleByPowerOfTwo(float value, float exponent)
    {
        // Two factors, so that a subnormal result is rounded once: 2^exponent itself may be too small for a float32.
        var whole = (int)exponent;
        var half = whole >> 1;
        return Exact.Multiply(Exact.Multiply(value, PowerOfTwo(half)), PowerOfTwo(whole - half));
    }

    public static float NegativeMagnitude(float a) => Interop.IntAsFloat(Interop.FloatAsInt(a) | 0x80000000u);

    public static float HashStep(float state, float words)
    {
        var bits = Interop.FloatAsInt(state);
        return Interop.IntAsFloat((((bits << 13) | (bits >> 19)) ^ Interop.FloatAsInt(words)) * 0x9E3779B1u);
    }

    public static float BroadcastWord(uint word) => Interop.IntAsFloat(word);

    public static float AddWords(float a, float b) => Interop.IntAsFloat(Interop.FloatAsInt(a) + Interop.FloatAsInt(b));

    public static float Xor(float a, float b) => Interop.IntAsFloat(Interop.FloatAsInt(a) ^ Interop.FloatAsInt(b));

    public static void MultiplyWords(float a, float word, out float high, out float low)
    {
        var product = (ulong)Interop.FloatAsInt(a) * Interop.FloatAsInt(word);
        high = Interop.IntAsFloat((uint)(product >> 32));
        low = Interop.IntAsFloat((uint)product);
    }

    public static float SelectBelow(float a, float b, float yes, float no) => Interop.FloatAsInt(a) < Interop.FloatAsInt(b) ? yes : no;

    private static float PowerOfTwo(int exponent) => Interop.IntAsFloat((uint)(exponent + 127) << 23);
}
