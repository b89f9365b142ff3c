using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Gemm;

/// <summary>A micro-kernel and the size of its tile. Which one runs never shows in the bits.</summary>
internal readonly unsafe struct MicroKernel(int rows, int columns, delegate*<nint, float*, float*, float*, void> run)
{
    /// <summary>Elements of the largest tile, 12 x 32 or as many in another form.</summary>
    public const int LargestTile = 384;

    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    /// <summary>(k, panel of A, panel of B, tile).</summary>
    public delegate*<nint, float*, float*, float*, void> Run { get; } = run;

    public int Panels(int rows) => (rows + Rows - 1) / Rows;

    public int PaddedRows(int rows) => Panels(rows) * Rows;

    public int PaddedColumns(int columns) => (columns + Columns - 1) / Columns * Columns;
}

internal static unsafe class MicroKernelChoice<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Tile sizes that the instruction set has registers for, the most frugal with loads first.</summary>
    public static int Count => TSimd.Lanes == 16 ? 3 : 2;

    public static MicroKernel At(int index) => (TSimd.Lanes == 16 ? index : index + 3) switch
    {
        0 => new(12, 2 * TSimd.Lanes, &MicroKernels<TSimd, TVector>.Rows12Vectors2),
        1 => new(8, 3 * TSimd.Lanes, &MicroKernels<TSimd, TVector>.Rows8Vectors3),
        2 => new(6, 4 * TSimd.Lanes, &MicroKernels<TSimd, TVector>.Rows6Vectors4),
        3 => new(6, 2 * TSimd.Lanes, &MicroKernels<TSimd, TVector>.Rows6Vectors2),
        4 => new(4, 3 * TSimd.Lanes, &MicroKernels<TSimd, TVector>.Rows4Vectors3),
        _ => throw new ArgumentOutOfRangeException(nameof(index), index, "No such micro-kernel."),
    };

    /// <summary>The one that computes the fewest outputs nobody asked for.</summary>
    public static MicroKernel For(int rows, int columns)
    {
        var best = At(0);
        for (var i = 1; i < Count; i++)
        {
            var other = At(i);
            best = Area(other, rows, columns) < Area(best, rows, columns) ? other : best;
        }

        return best;
    }

    private static long Area(MicroKernel kernel, int rows, int columns) =>
        (long)kernel.PaddedRows(rows) * kernel.PaddedColumns(columns);
}
