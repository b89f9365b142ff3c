using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Reduction;

/// <summary>A micro-kernel of weight gradients and the size of its tile. Which one runs never shows in the bits.</summary>
internal readonly unsafe struct GradientKernel(
    int rows,
    int columns,
    delegate*<PixelRun*, nint, nint, int*, float*, float*, void> run,
    delegate*<nint, float*, float*, float*, void> runPacked)
{
    /// <summary>Elements of the largest tile, 25 x 16.</summary>
    public const int LargestTile = 400;

    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    public int Tile => Rows * Columns;

    /// <summary>(runs, their number, step between pixels, offsets of the rows, packed right operand, sums).</summary>
    public delegate*<PixelRun*, nint, nint, int*, float*, float*, void> Run { get; } = run;

    /// <summary>The same tile with both operands packed, (pixels, left (pixels x rows), right, sums); null where there is none.</summary>
    public delegate*<nint, float*, float*, float*, void> RunPacked { get; } = runPacked;

    public int RowPanels(int rows) => (rows + Rows - 1) / Rows;

    public int ColumnPanels(int columns) => (columns + Columns - 1) / Columns;
}

internal static unsafe class GradientKernelChoice<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private static GradientKernel Wide => TSimd.Lanes == 16
        ? new(12, 2 * TSimd.Lanes, &GradientKernels<TSimd, TVector>.Rows12Vectors2, &MicroKernels<TSimd, TVector>.Rows12Vectors2)
        : new(6, 2 * TSimd.Lanes, &GradientKernels<TSimd, TVector>.Rows6Vectors2, &MicroKernels<TSimd, TVector>.Rows6Vectors2);

    private static GradientKernel Narrow => TSimd.Lanes == 16
        ? new(25, TSimd.Lanes, &GradientKernels<TSimd, TVector>.Rows25Vectors1, null)
        : new(12, TSimd.Lanes, &GradientKernels<TSimd, TVector>.Rows12Vectors1, null);

    /// <summary>The wide one, which loads less per product, unless the narrow one computes a tenth less that nobody asked for.</summary>
    public static GradientKernel For(int rows, int columns) =>
        10 * Area(Wide, rows, columns) <= 11 * Area(Narrow, rows, columns) ? Wide : Narrow;

    private static long Area(GradientKernel kernel, int rows, int columns) =>
        (long)kernel.Tile * kernel.RowPanels(rows) * kernel.ColumnPanels(columns);
}
