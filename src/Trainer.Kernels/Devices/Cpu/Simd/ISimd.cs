using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Devices.Cpu.Simd;

/// <summary>
/// The vector operations of one instruction set, for kernels that are written once and specialised by the JIT. Every operation
/// rounds each lane as IEEE 754 says, so a kernel's bits do not depend on the instruction set as long as it never adds lanes.
/// </summary>
internal unsafe interface ISimd<TVector> : ILaneMath<TVector>
    where TVector : struct
{
    /// <summary>float32 elements of a vector; divides 16.</summary>
    static abstract int Lanes { get; }

    static abstract TVector Load(float* source);

    static abstract void Store(float* target, TVector value);

    /// <summary>To an address aligned as a vector, past the caches: for what nobody reads soon.</summary>
    static abstract void StorePast(float* target, TVector value);

    /// <summary>The first <paramref name="count"/> elements, the others +0; reads no further. 0 &lt;= count &lt;= Lanes.</summary>
    static abstract TVector LoadFirst(float* source, int count);

    /// <summary>Writes the first <paramref name="count"/> elements only.</summary>
    static abstract void StoreFirst(float* target, TVector value, int count);

    /// <summary>The first <paramref name="count"/> lanes of yes, the others of no.</summary>
    static abstract TVector SelectFirst(int count, TVector yes, TVector no);

    /// <summary>The sum of all lanes: lane i takes in lane i + Lanes / 2, and so on down to one.</summary>
    static abstract float Fold(TVector a);

    /// <summary>Splits the 2 x Lanes consecutive elements (a, b) into those of even and of odd index.</summary>
    static abstract void Deinterleave(TVector a, TVector b, out TVector even, out TVector odd);

    /// <summary>a0 b0 a1 b1 ..., as 2 x Lanes consecutive elements: what <see cref="Deinterleave"/> splits.</summary>
    static abstract void Interleave(TVector a, TVector b, out TVector low, out TVector high);

    /// <summary>Each lane of a twice: a0 a0 a1 a1 ..., as 2 x Lanes consecutive elements.</summary>
    static abstract void Duplicate(TVector a, out TVector low, out TVector high);

    /// <summary>Lanes bytes as numbers 0 to 255.</summary>
    static abstract TVector LoadBytes(byte* source);

    /// <summary>Integers 0 to 255 as Lanes bytes.</summary>
    static abstract void StoreBytes(byte* target, TVector value);

    /// <summary>0, 1, 2, ...</summary>
    static abstract TVector WordIndices { get; }
}
