using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Updates;

/// <param name="Sums">One for each chunk.</param>
internal readonly record struct ChunkSquares(long Elements, ArrayView<float> Values, ArrayView<double> Sums);

/// <summary>Passes over flat buffers.</summary>
internal static class FlatKernels
{
    /// <summary>Of Form L.</summary>
    private const int Lanes = 16;

    /// <summary>
    /// A group sums a chunk's squares in Form L, in float64, where products of float32 are exact: 6 warps bring tiles to shared memory, while 16 threads of the others, the lanes, add the tile before.
    /// </summary>
    public static readonly Kernel<ChunkSquares> SquaredNorm = Kernel.Of<ChunkSquares>(SquaresOfChunk, KernelPromise.WideSums);

    private static void SquaresOfChunk(ChunkSquares a)
    {
        var tiles = new ChunkTiles(a.Elements);
        var words = SharedMemory.Allocate<float>(2 * ChunkTiles.Elements);
        var part = 0.0;
        for (var tile = 0; tile <= tiles.Count; tile++)
        {
            if (ChunkTiles.IsWorker)
            {
                tiles.Load(a.Values, tile, words);
            }
            else if (Group.IdxX < Lanes && tile > 0)
            {
                for (var i = Group.IdxX; i < tiles.LengthOf(tile - 1); i += Lanes)
                {
                    var value = (double)words[ChunkTiles.BufferOf(tile - 1) + i];
                    part = Exact.FmaWide(value, value, part);
                }
            }

            Exact.Barrier();
        }

        var sum = LaneFold.Sum(part);
        if (Group.IdxX == 0)
        {
            var sums = a.Sums;
            sums[Grid.IdxX] = sum;
        }
    }
}
