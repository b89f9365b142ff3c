using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Tiles;

namespace Trainer.Kernels.Gpu.Products;

/// <summary>The closed variants of <see cref="TileProduct{TTile, TSums, TLeft, TLeftIndex, TLeftStep, TRight, TRightIndex, TRightStep, TSink}"/>.</summary>
internal static class ProductKernels
{
    public static readonly ProductKernel<RowsAlongK, long, int, RowsAlongK, long, int, LinearOutputs> LinearForward = new();
    public static readonly ProductKernel<RowsAlongK, long, int, RowsAlongIndex, int, long, LinearGradients> LinearBackwardData = new();
    public static readonly ProductKernel<RowsAlongIndex, int, long, RowsAlongIndex, int, long, MatrixSink> LinearBackwardWeights = new();
    public static readonly ProductKernel<RowsAlongK, long, int, PatchesByPixel, Corner, Tap, ConvolutionOutputs> ConvolutionForward = new();
    public static readonly ProductKernel<FiltersByInput, int, int, PatchesByPixel, Corner, Tap, ConvolutionGradients> ConvolutionBackwardData = new();
    public static readonly ProductKernel<RowsAlongK, long, int, RowsAlongIndex, int, long, MatrixSink> Winograd = new();
    public static readonly ProductKernel<RowsAlongK, long, int, RowsAlongK, long, int, MatrixSink> WinogradBackwardWeights = new();
    public static readonly ProductKernel<ChannelsByPixel, long, long, PatchesByTap, Tap, Corner, MatrixSink> ConvolutionBackwardWeights = new();
}

/// <summary>One product in all tile sizes. Which is used follows from the rows and columns of the product, and no bit depends on it.</summary>
internal sealed class ProductKernel<TLeft, TLeftIndex, TLeftStep, TRight, TRightIndex, TRightStep, TSink> : IKernelFamily
    where TLeft : struct, ITileOperand<TLeft, TLeftIndex, TLeftStep>
    where TLeftIndex : struct
    where TLeftStep : struct
    where TRight : struct, ITileOperand<TRight, TRightIndex, TRightStep>
    where TRightIndex : struct
    where TRightStep : struct
    where TSink : struct, ITileSink<TSink>
{
    private readonly Kernel<TileArguments<TLeft, TRight, TSink>> _small =
        TileProduct<Tile64x64, Sums4x4, TLeft, TLeftIndex, TLeftStep, TRight, TRightIndex, TRightStep, TSink>.Create();

    private readonly Kernel<TileArguments<TLeft, TRight, TSink>> _wide =
        TileProduct<Tile32x128, Sums4x4, TLeft, TLeftIndex, TLeftStep, TRight, TRightIndex, TRightStep, TSink>.Create();

    private readonly Kernel<TileArguments<TLeft, TRight, TSink>> _large =
        TileProduct<Tile128x128, Sums8x8, TLeft, TLeftIndex, TLeftStep, TRight, TRightIndex, TRightStep, TSink>.Create();

    private readonly Kernel<TileArguments<TLeft, TRight, TSink>> _wideTf32 =
        TileProduct<Tf32Tile32x128, Sums4x4, TLeft, TLeftIndex, TLeftStep, TRight, TRightIndex, TRightStep, TSink>.Create().OnTensorCores();

    private readonly Kernel<TileArguments<TLeft, TRight, TSink>> _largeTf32 =
        TileProduct<Tf32Tile128x128, Sums8x8, TLeft, TLeftIndex, TLeftStep, TRight, TRightIndex, TRightStep, TSink>.Create().OnTensorCores();

    public IReadOnlyList<Kernel> Members => [_small, _wide, _large, _wideTf32, _largeTf32];

    /// <summary>The kernel for a product, and the rows and columns of its tile.</summary>
    public (Kernel<TileArguments<TLeft, TRight, TSink>> Kernel, int Rows, int Columns) For(int rows, int columns, ComputePrecision precision) =>
        precision == ComputePrecision.Tf32 ? (rows <= 64 || columns < 96 ? (_wideTf32, Tf32Tile32x128.Rows, Tf32Tile32x128.Columns)
            : (_largeTf32, Tf32Tile128x128.Rows, Tf32Tile128x128.Columns))
        : rows <= 32 ? (_wide, Tile32x128.Rows, Tile32x128.Columns)
        : rows < 96 || columns < 96 ? (_small, Tile64x64.Rows, Tile64x64.Columns)
        : (_large, Tile128x128.Rows, Tile128x128.Columns);
}
