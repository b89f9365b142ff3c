using ILGPU;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Products;
using Trainer.Kernels.Gpu.Reduction;
using Trainer.Kernels.Gpu.Tiles;
using Trainer.Kernels.Gpu.Winograd;

namespace Trainer.Kernels.Gpu;

/// <summary>
/// Convolutions by Winograd's transforms, which the canonical arithmetic prescribes for these shapes: tiles to (points, channels, tiles), the products of all points in one launch, and
/// back. What lies between is in scratch memory, as many tiles at a time as fit there.
/// </summary>
internal sealed partial class GpuProducts
{
    /// <summary>Tiles that are worth a launch, whatever scratch memory they take.</summary>
    private const int FewestTiles = 4096;

    private void WinogradForward(in Conv2dGeometry g, int samples, SampleRows x, ArrayView<float> w, OutputFinish finish, SampleRows y)
    {
        var (sources, targets, tiles) = (g.C / g.Groups, g.K / g.Groups, WinogradTile.Over(g.R, g.P, g.Q));
        var family = WinogradKernels.Of(tiles);
        for (var group = 0; group < g.Groups; group++)
        {
            var filters = new WinogradFilters(
                w.SubView((long)group * targets * g.Reduction), targets, sources, g.Reduction, g.R * g.S, 0, default);
            var images = new WinogradTiles(
                x, g.H, g.W, g.PadH, g.PadW, new PixelGrid(samples, tiles.Rows, tiles.Columns), 0, 0, group * sources, sources, default);
            WinogradPass(family, tiles.Points, filters, images, family.Outputs, new WinogradOutputs<OutputFinish>(
                default, images.Grid, 0, 0, group * targets, targets, g.P, g.Q, y, finish));
        }
    }

    /// <summary>The same with the filters turned and R - 1 - pad zeros around dy.</summary>
    private void WinogradBackwardData(in Conv2dGeometry g, int samples, SampleRows dy, ArrayView<float> w, GradientFinish finish, SampleRows dx)
    {
        var (sources, targets, tiles) = (g.K / g.Groups, g.C / g.Groups, WinogradTile.Over(g.R, g.H, g.W));
        var family = WinogradKernels.Of(tiles);
        for (var group = 0; group < g.Groups; group++)
        {
            var filters = new WinogradFilters(
                w.SubView((long)group * sources * g.Reduction), targets, sources, g.R * g.S, g.Reduction, 1, default);
            var images = new WinogradTiles(
                dy, g.P, g.Q, g.R - 1 - g.PadH, g.S - 1 - g.PadW, new PixelGrid(samples, tiles.Rows, tiles.Columns), 0, 0, group * sources, sources, default);
            WinogradPass(family, tiles.Points, filters, images, family.InputGradients, new WinogradOutputs<GradientFinish>(
                default, images.Grid, 0, 0, group * targets, targets, g.H, g.W, dx, finish));
        }
    }

    private void WinogradPass<TFinish>(
        IWinogradFamily family,
        int points,
        WinogradFilters filters,
        WinogradTiles images,
        Kernel<WinogradOutputs<TFinish>> emit,
        WinogradOutputs<TFinish> outputs)
        where TFinish : struct, ITileFinish
    {
        var (sources, targets, count) = (filters.Sources, filters.Targets, images.Grid.Count);
        var weights = RoundUp((long)points * sources * targets);
        var most = (int)Math.Clamp((GpuScratch.Limit - weights) / (points * (sources + targets)), Math.Min(FewestTiles, count), count);
        var scratch = Scratch.Take(weights + RoundUp((long)points * sources * most) + ((long)points * targets * most));
        filters = filters with { Transformed = scratch };
        LaunchThreads(family.Filters, (long)sources * targets, filters);
        for (var first = 0; first < count; first += most)
        {
            var tiles = Math.Min(most, count - first);
            images = images with { FirstTile = first, Tiles = tiles, Transformed = scratch.SubView(weights) };
            outputs = outputs with { FirstTile = first, Tiles = tiles, Products = scratch.SubView(weights + RoundUp((long)points * sources * most)) };
            LaunchThreads(family.Images, (long)sources * tiles, images);
            Multiply(
                ProductKernels.Winograd,
                targets,
                tiles,
                points,
                TileRange.All(sources),
                new RowsAlongK(filters.Transformed, sources, targets) { ProductStride = (long)sources * targets },
                new RowsAlongIndex(images.Transformed, tiles, tiles) { ProductStride = (long)sources * tiles },
                new MatrixSink(outputs.Products, targets, tiles, (long)targets * tiles));
            LaunchThreads(emit, (long)targets * tiles, outputs);
        }
    }

    /// <summary>Sums of pieces of the gradient of some filters of one group: (pieces, rows, columns), as <see cref="ReduceWeights"/> wants them.</summary>
    private void WinogradBackwardWeights(
        in Conv2dGeometry g, int samples, GpuReduction reduction, SampleRows x, SampleRows dy, PieceRows part, ArrayView<float> slots, ArrayView<float> work)
    {
        var (channels, filters, tile) = (g.C / g.Groups, (long)part.Rows * (g.C / g.Groups), WinogradTile.Over(g.R, g.P, g.Q));
        var (family, points) = (WinogradKernels.Of(tile), tile.Points);
        var grid = new PixelGrid(samples, tile.Rows, tile.Columns);
        var most = WinogradPieces(points, part.Rows, channels, reduction, part.Pieces.Count);
        for (var piece = 0; piece < part.Pieces.Count; piece += most)
        {
            var pieces = part.Pieces with { First = part.Pieces.First + piece, Count = Math.Min(most, part.Pieces.Count - piece) };
            var (first, tiles) = reduction.PixelsOf(pieces);
            var images = new WinogradTiles(
                x, g.H, g.W, g.PadH, g.PadW, grid, first, tiles, part.Row / (g.K / g.Groups) * channels, channels, work);
            var gradients = new WinogradTiles(
                dy, g.P, g.Q, 0, 0, grid, first, tiles, part.Row, part.Rows, work.SubView(RoundUp((long)points * channels * tiles)));
            var products = gradients.Transformed.SubView(RoundUp((long)points * part.Rows * tiles));
            LaunchThreads(family.Images, (long)channels * tiles, images);
            LaunchThreads(family.Gradients, (long)part.Rows * tiles, gradients);
            Multiply(
                ProductKernels.WinogradBackwardWeights,
                part.Rows,
                channels,
                pieces.Count * points,
                reduction.Range(pieces) with { Repeats = points },
                new RowsAlongK(gradients.Transformed, tiles, part.Rows) { ProductStride = (long)part.Rows * tiles, Period = points, FirstK = first },
                new RowsAlongK(images.Transformed, tiles, channels) { ProductStride = (long)channels * tiles, Period = points, FirstK = first },
                new MatrixSink(products, part.Rows, channels, filters));
            LaunchThreads(family.FilterGradients, pieces.Count * filters, new WinogradFilterGradients(
                products, pieces.Count, filters, slots.SubView(piece * filters * g.R * g.S)));
        }
    }

    /// <summary>Pieces whose transforms and products fit the scratch memory together; at least one.</summary>
    private static int WinogradPieces(int points, int rows, int channels, GpuReduction reduction, int pieces) =>
        (int)Math.Clamp(GpuScratch.Limit / WinogradPieceWork(points, rows, channels, reduction), 1, pieces);

    private static long WinogradWork(int points, int rows, int channels, GpuReduction reduction, int pieces) =>
        WinogradPieces(points, rows, channels, reduction, pieces) * WinogradPieceWork(points, rows, channels, reduction);

    private static long WinogradPieceWork(int points, int rows, int channels, GpuReduction reduction) =>
        (points * (((long)(rows + channels) * reduction.LongestPiece) + ((long)rows * channels))) + 8;

    /// <summary>To a multiple of 16 bytes.</summary>
    private static long RoundUp(long elements) => (elements + 3) / 4 * 4;
}
