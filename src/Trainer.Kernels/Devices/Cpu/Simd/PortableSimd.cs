using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Trainer.Kernels.Devices.Cpu.Simd;

/// <summary>Four lanes on any processor that .NET runs on. Where it has no fused multiply-add, the runtime computes one in software.</summary>
internal readonly unsafe struct PortableSimd : ISimd<Vector128<float>>
{
    public static int Lanes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, Vector128<float> value) => Vector128.Store(value, target);

    public static Vector128<float> LoadFirst(float* source, int count)
    {
        var value = Vector128<float>.Zero;
        for (var i = 0; i < count; i++)
        {
            value = value.WithElement(i, source[i]);
        }

        return value;
    }

    public static void StoreFirst(float* target, Vector128<float> value, int count)
    {
        for (var i = 0; i < count; i++)
        {
            target[i] = value.GetElement(i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePast(float* target, Vector128<float> value) => value.StoreAlignedNonTemporal(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Subtract(Vector128<float> a, Vector128<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Divide(Vector128<float> a, Vector128<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        Vector128.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SelectLess(Vector128<float> a, Vector128<float> b, Vector128<float> yes, Vector128<float> no) =>
        Vector128.ConditionalSelect(Vector128.LessThan(a, b), yes, no);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SelectLessOrEqual(Vector128<float> a, Vector128<float> b, Vector128<float> yes, Vector128<float> no) =>
        Vector128.ConditionalSelect(Vector128.LessThanOrEqual(a, b), yes, no);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SelectEqual(Vector128<float> a, Vector128<float> b, Vector128<float> yes, Vector128<float> no) =>
        Vector128.ConditionalSelect(Vector128.Equals(a, b), yes, no);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SelectLarger(Vector128<float> value, Vector128<float> index, ref Vector128<float> best, ref Vector128<float> bestIndex)
    {
        var keeps = Vector128.LessThanOrEqual(value, best) | ~Vector128.Equals(best, best);
        best = Vector128.ConditionalSelect(keeps, best, value);
        bestIndex = Vector128.ConditionalSelect(keeps, bestIndex, index);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Sqrt(Vector128<float> a) => Vector128.Sqrt(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SelectFirst(int count, Vector128<float> yes, Vector128<float> no) =>
        Vector128.ConditionalSelect(Vector128.LessThan(Vector128<int>.Indices, Vector128.Create(count)).AsSingle(), yes, no);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Fold(Vector128<float> a) => (a[0] + a[2]) + (a[1] + a[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> CopySign(Vector128<float> magnitude, Vector128<float> sign) =>
        Vector128.ConditionalSelect(Vector128.Create(-0f), sign, magnitude);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ScaleByPowerOfTwo(Vector128<float> value, Vector128<float> exponent)
    {
        // Two factors, so that a subnormal result is rounded once: 2^exponent itself may be too small for a float32.
        var whole = Vector128.ConvertToInt32Native(exponent);
        var half = whole >> 1;
        return value * PowerOfTwo(half) * PowerOfTwo(whole - half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> NegativeMagnitude(Vector128<float> a) => a | Vector128.Create(-0f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Deinterleave(Vector128<float> a, Vector128<float> b, out Vector128<float> even, out Vector128<float> odd)
    {
        var split = Vector128.Shuffle(a, Vector128.Create(0, 2, 1, 3)).AsDouble();
        var other = Vector128.Shuffle(b, Vector128.Create(0, 2, 1, 3)).AsDouble();
        even = Vector128.Create(split[0], other[0]).AsSingle();
        odd = Vector128.Create(split[1], other[1]).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Duplicate(Vector128<float> a, out Vector128<float> low, out Vector128<float> high)
    {
        low = Vector128.Shuffle(a, Vector128.Create(0, 0, 1, 1));
        high = Vector128.Shuffle(a, Vector128.Create(2, 2, 3, 3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> HashStep(Vector128<float> state, Vector128<float> words)
    {
        var bits = state.AsUInt32();
        return ((((bits << 13) | (bits >>> 19)) ^ words.AsUInt32()) * Vector128.Create(0x9E3779B1u)).AsSingle();
    }

    public static Vector128<float> WordIndices => Vector128<uint>.Indices.AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> BroadcastWord(uint word) => Vector128.Create(word).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> AddWords(Vector128<float> a, Vector128<float> b) => (a.AsUInt32() + b.AsUInt32()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Xor(Vector128<float> a, Vector128<float> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SelectBelow(Vector128<float> a, Vector128<float> b, Vector128<float> yes, Vector128<float> no) =>
        Vector128.ConditionalSelect(Vector128.LessThan(a.AsUInt32(), b.AsUInt32()).AsSingle(), yes, no);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyWords(Vector128<float> a, Vector128<float> word, out Vector128<float> high, out Vector128<float> low)
    {
        var (lower, upper) = Vector128.Widen(a.AsUInt32());
        var factor = Vector128.Create((ulong)word.AsUInt32().ToScalar());
        (lower, upper) = (lower * factor, upper * factor);
        high = Vector128.Narrow(lower >>> 32, upper >>> 32).AsSingle();
        low = Vector128.Narrow(lower & Vector128.Create(0xFFFFFFFFUL), upper & Vector128.Create(0xFFFFFFFFUL)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave(Vector128<float> a, Vector128<float> b, out Vector128<float> low, out Vector128<float> high)
    {
        low = Vector128.Create(a[0], b[0], a[1], b[1]);
        high = Vector128.Create(a[2], b[2], a[3], b[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadBytes(byte* source) => Vector128.Create((float)source[0], source[1], source[2], source[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(byte* target, Vector128<float> value) =>
        (target[0], target[1], target[2], target[3]) = ((byte)value[0], (byte)value[1], (byte)value[2], (byte)value[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> PowerOfTwo(Vector128<int> exponent) => ((exponent + Vector128.Create(127)) << 23).AsSingle();
}
