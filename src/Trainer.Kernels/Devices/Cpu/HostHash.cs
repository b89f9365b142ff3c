using System.Runtime.Intrinsics;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Updates;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>The hash of what lies in host memory, by the calling thread: of a chunk it is the one that <see cref="IUpdates.Hash"/> gives on every device.</summary>
/// <remarks>One changed bit always changes the state of its lane, and so the hash; of other changes one in 2^32 or fewer is not seen.</remarks>
public static unsafe class HostHash
{
    private static readonly InstructionSet Set = InstructionSets.Best;

    /// <summary>Of at most a chunk (65,536 values) the chunk's; of more, one over the chunks'.</summary>
    public static ulong Of(ReadOnlySpan<float> values)
    {
        if (values.Length <= Chunk.Elements)
        {
            return OfChunk(values);
        }

        var hash = (ulong)values.Length;
        for (var first = 0; first < values.Length; first += Chunk.Elements)
        {
            hash = WeightHash.Mix(hash, OfChunk(values.Slice(first, Math.Min(Chunk.Elements, values.Length - first))));
        }

        return hash;
    }

    /// <summary>Of a few words.</summary>
    public static ulong Of(ReadOnlySpan<ulong> words) => WeightHash.OfChunks(words.Length, words);

    /// <summary>Steps a chunk's states over some of its values; all calls but the last have whole lanes.</summary>
    internal static void Add(Span<float> states, ReadOnlySpan<float> values)
    {
        switch (Set)
        {
            case InstructionSet.Avx512:
                Add<Avx512Simd, Vector512<float>>(states, values);
                break;
            case InstructionSet.Avx2:
                Add<Avx2Simd, Vector256<float>>(states, values);
                break;
            default:
                Add<PortableSimd, Vector128<float>>(states, values);
                break;
        }
    }

    internal static ulong OfStates(ReadOnlySpan<float> states, int count)
    {
        fixed (float* first = states)
        {
            return ChunkHash<PortableSimd, Vector128<float>>.OfChunk(first, count);
        }
    }

    private static ulong OfChunk(ReadOnlySpan<float> values)
    {
        Span<float> states = stackalloc float[WeightHash.Lanes];
        states.Clear();
        Add(states, values);
        return OfStates(states, values.Length);
    }

    private static void Add<TSimd, TVector>(Span<float> states, ReadOnlySpan<float> values)
        where TSimd : ISimd<TVector>
        where TVector : struct
    {
        fixed (float* state = states, first = values)
        {
            ChunkHash<TSimd, TVector>.Add(state, first, values.Length);
        }
    }
}
