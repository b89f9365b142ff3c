using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Products;
using Trainer.Kernels.Gpu.Reduction;
using Trainer.Kernels.Gpu.Tiles;
using Trainer.Kernels.Gpu.Winograd;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Gpu;

/// <summary>Convolutions, by implicit products: patches are never written to memory.</summary>
internal sealed partial class GpuProducts
{
    public void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(Conv2dForward);
        GeometryChecks.Check(Operation, g, samples);
        var outputs = Extent.Of(samples, g.K, g.P, g.Q);
        var image = GpuOperand.Samples(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W));
        var filters = GpuOperand.View(Operation, "w", w, Extent.Of(g.K, g.C / g.Groups, g.R, g.S));
        var (target, bias) = (GpuOperand.Samples(Operation, "y", y, outputs), GpuOperand.ViewOrNone(Operation, "b", b, Extent.Of(g.K)));
        var steps = GpuOperand.Steps(Operation, epilogue, outputs);
        if (GoesByWinograd(g))
        {
            WinogradForward(g, samples, image, filters, new OutputFinish(bias, steps), target);
            return;
        }

        var (channels, pixels) = (g.K / g.Groups, new PixelGrid(samples, g.P, g.Q));
        var (windows, sink) = (WindowsOf(g, image, pixels), new ConvolutionOutputs(target, bias, steps, pixels, 0, channels));
        if (IsDepthwise(g))
        {
            DepthwiseForward(g, windows, filters, sink);
            return;
        }

        Multiply(
            ProductKernels.ConvolutionForward,
            channels,
            pixels.Count,
            g.Groups,
            TileRange.All(g.Reduction),
            new RowsAlongK(filters, g.Reduction, channels) { ProductStride = (long)channels * g.Reduction },
            new PatchesByPixel(windows, tapTables.Forward(g)),
            sink);
    }

    public void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(Conv2dBackwardData);
        GeometryChecks.Check(Operation, g, samples);
        var images = Extent.Of(samples, g.C, g.H, g.W);
        var gradient = GpuOperand.Samples(Operation, "dy", dy, Extent.Of(samples, g.K, g.P, g.Q));
        var filters = GpuOperand.View(Operation, "w", w, Extent.Of(g.K, g.C / g.Groups, g.R, g.S));
        var (target, steps) = (GpuOperand.Samples(Operation, "dx", dx, images), GpuOperand.Steps(Operation, epilogue, images));
        if (GoesByWinograd(g))
        {
            WinogradBackwardData(g, samples, gradient, filters, new GradientFinish(steps), target);
            return;
        }

        for (var phase = 0; phase < g.StrideH * g.StrideW; phase++)
        {
            var (rows, columns) = TapTables.PhaseOf(g, phase);
            if (rows.Pixels == 0 || columns.Pixels == 0)
            {
                continue;
            }

            var (channels, filtersPerGroup, pixels) = (g.C / g.Groups, g.K / g.Groups, new PixelGrid(samples, rows.Pixels, columns.Pixels));
            var (taps, tapCount) = (tapTables.Backward(g, phase), filtersPerGroup * rows.Taps * columns.Taps);
            var windows = new Windows(gradient, pixels, g.P, g.Q, 1, 1, 0, 0, (long)filtersPerGroup * g.P * g.Q);
            var sink = new ConvolutionGradients(
                target, steps, pixels, g.H, g.W, rows.First, columns.First, g.StrideH, g.StrideW, 0, channels);
            if (IsDepthwise(g))
            {
                DepthwiseBackwardData(g, windows, taps, tapCount, filters, sink);
                continue;
            }

            Multiply(
                ProductKernels.ConvolutionBackwardData,
                channels,
                pixels.Count,
                g.Groups,
                TileRange.All(tapCount),
                new FiltersByInput(filters, taps, channels, g.R * g.S, (long)filtersPerGroup * g.Reduction),
                new PatchesByPixel(windows, taps),
                sink);
        }
    }

    public void Conv2dBackwardWeights(in Conv2dGeometry g, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db)
    {
        const string Operation = nameof(Conv2dBackwardWeights);
        GeometryChecks.Check(Operation, g, slice.LocalSamples);
        var image = GpuOperand.Samples(Operation, "x", x, Extent.Of(slice.LocalSamples, g.C, g.H, g.W));
        var gradient = GpuOperand.Samples(Operation, "dy", dy, Extent.Of(slice.LocalSamples, g.K, g.P, g.Q));
        var (pixels, extent) = (new PixelGrid(slice.LocalSamples, g.P, g.Q), Extent.Of(g.K, g.C / g.Groups, g.R, g.S));
        if (!dw.IsEmpty)
        {
            GeometryChecks.CheckRoots(Operation, "dw", dw.Length, slice);
            if (precision == ComputePrecision.Exact && WinogradTile.SuitsGradient(g.OfGroup()))
            {
                ReduceWinograd(g, slice, image, gradient, Operation, dw, extent);
            }
            else if (IsDepthwise(g))
            {
                DepthwiseBackwardWeights(g, Reductions.Of(slice, g.P, g.Q), WindowsOf(g, image, pixels), gradient, Operation, dw, extent);
            }
            else
            {
                ReduceProducts(g, Reductions.Of(slice, g.P, g.Q), image, gradient, pixels, Operation, dw, extent);
            }
        }

        if (!db.IsEmpty)
        {
            GeometryChecks.CheckRoots(Operation, "db", db.Length, slice);
            SumBias(BiasGradientKernels.Convolution, BiasGradientKernels.Lanes, Reductions.Of(slice, g.P, g.Q), Operation, gradient, pixels, g.K, db);
        }
    }

    private void ReduceProducts(
        Conv2dGeometry g,
        GpuReduction reduction,
        SampleRows x,
        SampleRows dy,
        PixelGrid pixels,
        string operation,
        ReadOnlySpan<Tensor> dw,
        Extent extent)
    {
        var channels = g.K / g.Groups;
        var patches = new PatchesByTap(WindowsOf(g, x, pixels), tapTables.Forward(g), g.Reduction, g.Groups);
        ReduceWeights(reduction, g.K, channels, g.K, g.Reduction, operation, dw, extent, _ => 0, (part, slots, _) =>
        {
            // Rows are whole groups, or lie within one.
            var (groups, rows) = (Math.Max(1, part.Rows / channels), Math.Min(part.Rows, channels));
            Multiply(
                ProductKernels.ConvolutionBackwardWeights,
                rows,
                g.Reduction,
                part.Pieces.Count * groups,
                reduction.Range(part.Pieces) with { Repeats = groups },
                new ChannelsByPixel(dy, pixels, part.Row, rows, channels, groups),
                patches with { Windows = patches.Windows.OfGroup(part.Row / channels), Groups = groups },
                new MatrixSink(slots, rows, g.Reduction, (long)rows * g.Reduction));
        });
    }

    private void ReduceWinograd(
        Conv2dGeometry g, BatchSlice slice, SampleRows x, SampleRows dy, string operation, ReadOnlySpan<Tensor> dw, Extent extent)
    {
        var tile = WinogradTile.Over(g.R, g.P, g.Q);
        var (channels, reduction) = (g.C / g.Groups, Reductions.Of(slice, tile.Rows, tile.Columns, WinogradTile.PieceTiles));
        ReduceWeights(
            reduction,
            g.K,
            g.K / g.Groups,
            (int)Math.Clamp(GpuScratch.Limit / 2 / (tile.Points * channels), 1, g.K / g.Groups),
            g.Reduction,
            operation,
            dw,
            extent,
            part => WinogradWork(tile.Points, part.Rows, channels, reduction, part.Pieces.Count),
            (part, slots, work) => WinogradBackwardWeights(g, slice.LocalSamples, reduction, x, dy, part, slots, work));
    }

    /// <summary>Tensor cores gain more than Winograd saves, and its transforms would add to their error.</summary>
    private bool GoesByWinograd(in Conv2dGeometry g) =>
        precision == ComputePrecision.Exact && WinogradTile.Suits(g.OfGroup());

    private static Windows WindowsOf(in Conv2dGeometry g, SampleRows image, PixelGrid pixels) =>
        new(image, pixels, g.H, g.W, g.StrideH, g.StrideW, g.PadH, g.PadW, (long)g.C / g.Groups * g.H * g.W);
}
