using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Updates;

/// <param name="NotFinite">One element, 0; becomes 1 where a quotient is not finite.</param>
internal readonly record struct Division(float Divisor, ArrayView<float> Values, ArrayView<int> NotFinite);

/// <param name="Sums">One for each chunk.</param>
internal readonly record struct ChunkSquares(long Elements, ArrayView<float> Values, ArrayView<double> Sums);

/// <summary>Passes over flat buffers.</summary>
internal static class FlatKernels
{
    /// <summary>Of Form L.</summary>
    private const int Lanes = 16;

    /// <summary>A thread divides one element. All that find something write the same.</summary>
    public static readonly Kernel<Division> Divide = Kernel.Of<Division>(DivideElement);

    /// <summary>
    /// A group sums a chunk's squares in Form L, in float64, where products of float32 are exact: 6 warps bring tiles to shared memory, while 16 threads of the others, the lanes, add the tile before.
    /// </summary>
    public static readonly Kernel<ChunkSquares> SquaredNorm = Kernel.Of<ChunkSquares>(SquaresOfChunk, KernelPromise.WideSums);

    private static void DivideElement(Division a)
    {
        var i = Grid.GlobalLinearIndex;
        if (i >= a.Values.Length)
        {
            return;
        }

        var (values, notFinite) = (a.Values, a.NotFinite);
        var quotient = Exact.Divide(values[i], a.Divisor);
        values[i] = quotient;
        if ((Interop.FloatAsInt(quotient) & 0x7F800000u) == 0x7F800000u)
        {
            notFinite[0] = 1;
        }
    }

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
