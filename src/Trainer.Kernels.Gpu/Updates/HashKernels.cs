using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Updates;

/// <param name="Hashes">One for each chunk.</param>
internal readonly record struct ChunkHashing(long Elements, ArrayView<float> Values, ArrayView<ulong> Hashes);

/// <summary>
/// The hash of each chunk of a flat buffer. A group does a chunk: 6 warps bring tiles to shared memory, while the 64 threads of the others, the lanes, take those of
/// the tile before into their states.
/// </summary>
internal static class HashKernels
{
    public static readonly Kernel<ChunkHashing> Hash = Kernel.Of<ChunkHashing>(HashChunk);

    private static void HashChunk(ChunkHashing a)
    {
        var tiles = new ChunkTiles(a.Elements);
        var words = SharedMemory.Allocate<float>(2 * ChunkTiles.Elements);
        var state = 0f;
        for (var tile = 0; tile <= tiles.Count; tile++)
        {
            if (ChunkTiles.IsWorker)
            {
                tiles.Load(a.Values, tile, words);
            }
            else if (tile > 0)
            {
                state = HashTile(state, words, ChunkTiles.BufferOf(tile - 1), tiles.LengthOf(tile - 1));
            }

            Exact.Barrier();
        }

        if (!ChunkTiles.IsWorker)
        {
            words[Group.IdxX] = state;
        }

        Exact.Barrier();
        if (Group.IdxX == 0)
        {
            var hash = (ulong)tiles.Length;
            for (var lane = 0; lane < WeightHash.Lanes; lane++)
            {
                hash = WeightHash.Mix(hash, Interop.FloatAsInt(words[lane]));
            }

            var hashes = a.Hashes;
            hashes[Grid.IdxX] = hash;
        }
    }

    /// <summary>The last row is filled up with +0, which is what lies in shared memory beyond the end.</summary>
    private static float HashTile(float state, ArrayView<float> words, int buffer, int length)
    {
        for (var row = 0; row < length; row += WeightHash.Lanes)
        {
            state = ExactLane.HashStep(state, words[buffer + row + Group.IdxX]);
        }

        return state;
    }
}
