namespace Trainer.Kernels.Devices.Cpu.Simd;

/// <summary>
/// The vector operations of one instruction set, for kernels that are written once and specialised by the JIT. Every operation
/// rounds each lane as IEEE 754 says, so a kernel's bits do not depend on the instruction set as long as it never adds lanes.
/// </summary>
internal unsafe interface ISimd<TVector>
    where TVector : struct
{
    /// <summary>float32 elements of a vector; divides 16.</summary>
    static abstract int Lanes { get; }

    static abstract TVector Broadcast(float value);

    static abstract TVector Load(float* source);

    static abstract void Store(float* target, TVector value);

    /// <summary>The first <paramref name="count"/> elements, the others +0; reads no further. 0 &lt;= count &lt;= Lanes.</summary>
    static abstract TVector LoadFirst(float* source, int count);

    /// <summary>Writes the first <paramref name="count"/> elements only.</summary>
    static abstract void StoreFirst(float* target, TVector value, int count);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    static abstract TVector Divide(TVector a, TVector b);

    /// <summary>a * b + c, rounded once.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>a &lt; b ? yes : no, lane by lane; no where a lane is NaN.</summary>
    static abstract TVector SelectLess(TVector a, TVector b, TVector yes, TVector no);

    /// <summary>a &lt;= b ? yes : no, lane by lane; no where a lane is NaN.</summary>
    static abstract TVector SelectLessOrEqual(TVector a, TVector b, TVector yes, TVector no);

    /// <summary>a == b ? yes : no, lane by lane; no where a lane is NaN.</summary>
    static abstract TVector SelectEqual(TVector a, TVector b, TVector yes, TVector no);

    /// <summary>
    /// Replaces <paramref name="best"/> and <paramref name="bestIndex"/> where value is larger, or is NaN while best is not: of equal ones, and of
    /// NaNs, the first stays.
    /// </summary>
    static abstract void SelectLarger(TVector value, TVector index, ref TVector best, ref TVector bestIndex);

    static abstract TVector Sqrt(TVector a);

    /// <summary>The first <paramref name="count"/> lanes of yes, the others of no.</summary>
    static abstract TVector SelectFirst(int count, TVector yes, TVector no);

    /// <summary>The sum of all lanes: lane i takes in lane i + Lanes / 2, and so on down to one.</summary>
    static abstract float Fold(TVector a);

    /// <summary>|magnitude| with the sign of <paramref name="sign"/>.</summary>
    static abstract TVector CopySign(TVector magnitude, TVector sign);

    /// <summary>value x 2^exponent, rounded once, for integers -200 &lt;= exponent &lt;= 0 and 0.5 &lt;= value &lt; 2 (or NaN).</summary>
    static abstract TVector ScaleByPowerOfTwo(TVector value, TVector exponent);

    /// <summary>-|a|</summary>
    static abstract TVector NegativeMagnitude(TVector a);

    /// <summary>Splits the 2 x Lanes consecutive elements (a, b) into those of even and of odd index.</summary>
    static abstract void Deinterleave(TVector a, TVector b, out TVector even, out TVector odd);

    /// <summary>a0 b0 a1 b1 ..., as 2 x Lanes consecutive elements: what <see cref="Deinterleave"/> splits.</summary>
    static abstract void Interleave(TVector a, TVector b, out TVector low, out TVector high);

    /// <summary>Each lane of a twice: a0 a0 a1 a1 ..., as 2 x Lanes consecutive elements.</summary>
    static abstract void Duplicate(TVector a, out TVector low, out TVector high);

    /// <summary>One step of a 32-bit hash per lane over the bits of <paramref name="words"/>: (rotl(state, 13) ^ word) x 0x9E3779B1.</summary>
    static abstract TVector HashStep(TVector state, TVector words);

    /// <summary>Lanes bytes as numbers 0 to 255.</summary>
    static abstract TVector LoadBytes(byte* source);

    /// <summary>Integers 0 to 255 as Lanes bytes.</summary>
    static abstract void StoreBytes(byte* target, TVector value);

    // The lanes as 32-bit words without sign.

    static abstract TVector BroadcastWord(uint word);

    static abstract TVector AddWords(TVector a, TVector b);

    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>0, 1, 2, ...</summary>
    static abstract TVector WordIndices { get; }

    /// <summary>The 64-bit products of the lanes of a and one word (the same in all lanes), halved into words.</summary>
    static abstract void MultiplyWords(TVector a, TVector word, out TVector high, out TVector low);

    /// <summary>a &lt; b ? yes : no of words without sign.</summary>
    static abstract TVector SelectBelow(TVector a, TVector b, TVector yes, TVector no);
}
