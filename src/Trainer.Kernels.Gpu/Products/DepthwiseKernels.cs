using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Reduction;
using Trainer.Kernels.Gpu.Tiles;

namespace Trainer.Kernels.Gpu.Products;

/// <summary>Every channel of a target is a chain over few taps of one group of the source.</summary>
/// <param name="Windows">The source; a group of it is one input channel (forward) or the outputs of one input channel (backward).</param>
/// <param name="Channels">Of the target; <paramref name="PerGroup"/> of them have one group.</param>
/// <param name="TapCount">Entries of <paramref name="Taps"/> that the chain has.</param>
/// <param name="FilterStride">Weights from one target channel to the next.</param>
internal readonly record struct DepthwiseProduct<TSink>(
    Windows Windows, TapTable Taps, int TapCount, int Channels, int PerGroup, ArrayView<float> Weights, int FilterStride, TSink Sink)
    where TSink : struct, ITileSink<TSink>;

/// <param name="Row">First of the output channels that are wanted, and <paramref name="Rows"/> how many.</param>
/// <param name="Dy">Of all output channels.</param>
/// <param name="Pieces">Those of the root, as <see cref="GpuReduction.Pieces"/>.</param>
/// <param name="Slots">(pieces, Rows, taps)</param>
internal readonly record struct DepthwiseGradient(
    Windows Windows, TapTable Taps, int TapCount, int PerGroup, int Row, int Rows, ChannelsByPixel Dy, int PieceCount, ArrayView<int> Pieces, ArrayView<float> Slots);

/// <summary>Convolutions whose groups have one input channel, directly: a tile of a product would leave all of its rows but one unused.</summary>
internal static class DepthwiseKernels
{
    public static readonly Kernel<DepthwiseProduct<ConvolutionOutputs>> Forward =
        Kernel.Of<DepthwiseProduct<ConvolutionOutputs>>(MakePixel, KernelPromise.FusedProducts);

    public static readonly Kernel<DepthwiseProduct<ConvolutionGradients>> BackwardData =
        Kernel.Of<DepthwiseProduct<ConvolutionGradients>>(MakePixel, KernelPromise.FusedProducts);

    public static readonly Kernel<DepthwiseGradient> BackwardWeights = Kernel.Of<DepthwiseGradient>(SumPiece, KernelPromise.FusedProducts);

    /// <summary>A thread makes a pixel; neighbours make neighbours.</summary>
    private static void MakePixel<TSink>(DepthwiseProduct<TSink> a)
        where TSink : struct, ITileSink<TSink>
    {
        var index = Grid.GlobalLinearIndex;
        var channel = (int)(index / a.Windows.Pixels.Count);
        if (channel >= a.Channels)
        {
            return;
        }

        var pixel = (int)(index - ((long)channel * a.Windows.Pixels.Count));
        var windows = a.Windows.OfGroup(channel / a.PerGroup);
        var corner = windows.CornerOf(pixel);
        var weights = channel * a.FilterStride;
        var sum = new FormC();
        for (var tap = 0; tap < a.TapCount; tap++)
        {
            sum = sum.MultiplyAdd(windows.Load(corner, a.Taps.At(tap)), a.Weights[weights + a.Taps.FilterOffset(tap)]);
        }

        a.Sink.Store(channel, pixel, sum.Value);
    }

    /// <summary>A thread has one tap of one channel and walks the pixels of a piece; neighbours have the taps that read near it.</summary>
    private static void SumPiece(DepthwiseGradient a)
    {
        var index = Grid.GlobalLinearIndex;
        var perPiece = (long)a.Rows * a.TapCount;
        var piece = (int)(index / perPiece);
        if (piece >= a.PieceCount)
        {
            return;
        }

        var place = (int)(index - (piece * perPiece));
        var (row, number) = (place / a.TapCount, place % a.TapCount);
        var windows = a.Windows.OfGroup((a.Row + row) / a.PerGroup);
        var (channel, tap) = (a.Dy.At(row), a.Taps.At(number));
        var first = a.Pieces[(piece * GpuReduction.PieceStride) + 1];
        var end = first + a.Pieces[(piece * GpuReduction.PieceStride) + 2];
        var sum = new FormC();
        for (var pixel = first; pixel < end; pixel++)
        {
            sum = sum.MultiplyAdd(a.Dy.Load(channel, a.Dy.Step(pixel)), windows.Load(windows.CornerOf(pixel), tap));
        }

        var slots = a.Slots;
        slots[index] = sum.Value;
    }
}
