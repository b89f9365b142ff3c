namespace Trainer.Kernels.Arithmetic;

/// <summary>The hash of weights that agreement between workers rests on: of their bits and their order, chunk by chunk.</summary>
/// <remarks>
/// Of a chunk: element i steps a 32-bit state in virtual lane i mod 64 (<see cref="ILaneMath{TVector}.HashStep"/>; lanes beyond the end take in +0),
/// and the number of elements and the 64 states are mixed into 64 bits in order; so are the number of all elements and the chunks' hashes.
/// A step waits for the multiplication of the one before; 64 lanes are several vectors, whose steps do not wait for one another.
/// </remarks>
internal static class WeightHash
{
    public const int Lanes = 64;

    public static ulong OfChunks(long elements, ReadOnlySpan<ulong> hashes)
    {
        var hash = (ulong)elements;
        foreach (var chunk in hashes)
        {
            hash = Mix(hash, chunk);
        }

        return hash;
    }

    /// <summary>The finalizer of SplitMix64 over state and value: every input bit reaches every output bit.</summary>
    public static ulong Mix(ulong state, ulong value)
    {
        var z = (state * 0x9E3779B97F4A7C15UL) + value;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
