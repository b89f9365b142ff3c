using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Updates;

/// <summary>
/// A group's chunk of 65,536 elements in tiles that pass through two buffers in shared memory: the workers, all warps but the first two, fill one, while the first
/// threads, the virtual lanes (16 of a sum, 64 of a hash), go over the other in order. One barrier for each tile; one more tile than there are, which is empty, drains the last.
/// </summary>
internal readonly struct ChunkTiles
{
    public const int Workers = ThreadGroup.Size - Others;

    /// <summary>Of a tile: four for each worker, and whole rows of lanes.</summary>
    public const int Elements = 4 * Workers;

    private const int Others = WeightHash.Lanes;

    private readonly long _first;

    public ChunkTiles(long elements)
    {
        _first = (long)Grid.IdxX * Chunk.Elements;
        var left = elements - _first;
        Length = left < Chunk.Elements ? (int)left : Chunk.Elements;
        Count = (Length + Elements - 1) / Elements;
    }

    /// <summary>Elements of the chunk.</summary>
    public int Length { get; }

    /// <summary>Tiles.</summary>
    public int Count { get; }

    public static bool IsWorker => Group.IdxX >= Others;

    /// <summary>The first element of a tile that the worker fills; the others are each <see cref="Workers"/> further.</summary>
    public static int FirstOfWorker => Group.IdxX - Others;

    /// <summary>Where a tile is in shared memory.</summary>
    public static int BufferOf(int tile) => tile % 2 * Elements;

    /// <summary>Where a tile begins in the buffer.</summary>
    public long PlaceOf(int tile) => _first + (tile * Elements);

    /// <summary>Elements of a tile; none of the one that is one too many.</summary>
    public int LengthOf(int tile) => IntrinsicMath.Max(0, IntrinsicMath.Min(Elements, Length - (tile * Elements)));

    /// <summary>A worker's part of bringing a tile to shared memory, +0 beyond the end. Four loads are on their way at once.</summary>
    public void Load(ArrayView<float> values, int tile, ArrayView<float> words)
    {
        var (first, i, end) = (PlaceOf(tile), FirstOfWorker, LengthOf(tile));
        var (v0, v1) = (Load(values, first, i, end), Load(values, first, i + Workers, end));
        var (v2, v3) = (Load(values, first, i + (2 * Workers), end), Load(values, first, i + (3 * Workers), end));
        var place = BufferOf(tile) + i;
        words[place] = v0;
        words[place + Workers] = v1;
        words[place + (2 * Workers)] = v2;
        words[place + (3 * Workers)] = v3;
    }

    private static float Load(ArrayView<float> values, long tile, int i, int end) => i < end ? values[tile + i] : 0f;
}
