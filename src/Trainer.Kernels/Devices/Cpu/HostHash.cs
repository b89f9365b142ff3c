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

    private static ulong OfChunk(ReadOnlySpan<float> values) => Set switch
    {
        InstructionSet.Avx512 => OfChunk<Avx512Simd, Vector512<float>>(values),
        InstructionSet.Avx2 => OfChunk<Avx2Simd, Vector256<float>>(values),
        _ => OfChunk<PortableSimd, Vector128<float>>(values),
    };

    private static ulong OfChunk<TSimd, TVector>(ReadOnlySpan<float> values)
        where TSimd : ISimd<TVector>
        where TVector : struct
    {
        var states = stackalloc float[WeightHash.Lanes];
        new Span<float>(states, WeightHash.Lanes).Clear();
        fixed (float* first = values)
        {
            ChunkHash<TSimd, TVector>.Add(states, first, values.Length);
        }

        return ChunkHash<TSimd, TVector>.OfChunk(states, values.Length);
    }
}
