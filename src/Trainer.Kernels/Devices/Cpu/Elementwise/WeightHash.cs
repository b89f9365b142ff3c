using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>The hash of weights that agreement between workers rests on: of their bits and their order, chunk by chunk.</summary>
/// <remarks>
/// Of a chunk: element i steps a 32-bit state in virtual lane i mod 16 (<see cref="ILaneMath{TVector}.HashStep"/>; lanes beyond the end take in +0),
/// and the number of elements and the 16 states are mixed into 64 bits in order; so are the number of all elements and the chunks' hashes.
/// </remarks>
internal static class WeightHash
{
    public const int Lanes = 16;

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

/// <summary>Chunks' hashes, by vectors.</summary>
internal static unsafe class WeightHash<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Steps the states over some weights; all calls of a chunk but the last have a multiple of 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* states, float* weights, int count)
    {
        for (var lane = 0; lane < WeightHash.Lanes; lane += TSimd.Lanes)
        {
            var state = TSimd.Load(states + lane);
            var i = lane;
            for (; i + TSimd.Lanes <= count; i += WeightHash.Lanes)
            {
                state = TSimd.HashStep(state, TSimd.Load(weights + i));
            }

            if (i - lane < count)
            {
                state = TSimd.HashStep(state, TSimd.LoadFirst(weights + i, Math.Max(0, count - i)));
            }

            TSimd.Store(states + lane, state);
        }
    }

    public static ulong OfChunk(float* states, int count)
    {
        var hash = (ulong)count;
        for (var lane = 0; lane < WeightHash.Lanes; lane++)
        {
            hash = WeightHash.Mix(hash, BitConverter.SingleToUInt32Bits(states[lane]));
        }

        return hash;
    }
}
