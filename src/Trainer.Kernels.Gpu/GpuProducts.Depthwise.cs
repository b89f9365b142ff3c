using ILGPU;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Products;
using Trainer.Kernels.Gpu.Reduction;
using Trainer.Kernels.Gpu.Tiles;

namespace Trainer.Kernels.Gpu;

/// <summary>Convolutions whose groups have one input channel. The operands come checked, and as implicit products have them.</summary>
internal sealed partial class GpuProducts
{
    private bool IsDepthwise(in Conv2dGeometry g) =>
        precision == ComputePrecision.Exact && g.Groups > 1 && g.Groups == g.C;

    private void DepthwiseForward(in Conv2dGeometry g, Windows windows, ArrayView<float> filters, ConvolutionOutputs sink) =>
        LaunchThreads(DepthwiseKernels.Forward, (long)g.K * windows.Pixels.Count, new DepthwiseProduct<ConvolutionOutputs>(
            windows, tapTables.Forward(g), g.Reduction, g.K, g.K / g.Groups, filters, g.Reduction, sink with { Rows = g.K }));

    private void DepthwiseBackwardData(in Conv2dGeometry g, Windows windows, TapTable taps, int tapCount, ArrayView<float> filters, ConvolutionGradients sink) =>
        LaunchThreads(DepthwiseKernels.BackwardData, (long)g.C * windows.Pixels.Count, new DepthwiseProduct<ConvolutionGradients>(
            windows, taps, tapCount, g.C, 1, filters, g.K / g.Groups * g.Reduction, sink with { Rows = g.C }));

    private void DepthwiseBackwardWeights(
        Conv2dGeometry g, GpuReduction reduction, Windows windows, SampleRows dy, string operation, ReadOnlySpan<Tensor> dw, Extent extent)
    {
        var (perGroup, taps) = (g.K / g.Groups, tapTables.Forward(g));
        ReduceWeights(reduction, g.K, 1, g.K, g.Reduction, operation, dw, extent, _ => 0, (part, slots, _) =>
            LaunchThreads(DepthwiseKernels.BackwardWeights, (long)part.Pieces.Count * part.Rows * g.Reduction, new DepthwiseGradient(
                windows,
                taps,
                g.Reduction,
                perGroup,
                part.Row,
                part.Rows,
                new ChannelsByPixel(dy, windows.Pixels, part.Row, part.Rows, g.K, 1),
                part.Pieces.Count,
                reduction.Range(part.Pieces).Table,
                slots)));
    }
}
