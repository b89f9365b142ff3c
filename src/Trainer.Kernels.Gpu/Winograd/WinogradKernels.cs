using ILGPU;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Tiles;

namespace Trainer.Kernels.Gpu.Winograd;

/// <summary>Filters (Targets, Sources) of one group to (points, Targets, Sources).</summary>
/// <param name="TargetStride">Elements from one target channel's filter to the next; <paramref name="SourceStride"/> likewise.</param>
/// <param name="IsTurned">By half a circle: backward-data.</param>
internal readonly record struct WinogradFilters(
    ArrayView<float> Weights, int Targets, int Sources, int TargetStride, int SourceStride, int IsTurned, ArrayView<float> Transformed);

/// <summary>Some tiles of channels [First, First + Channels) to (points, Channels, Tiles).</summary>
/// <param name="Grid">Tiles of all samples.</param>
/// <param name="Top">Rows of zeros above the image.</param>
internal readonly record struct WinogradTiles(
    SampleRows Image, int Height, int Width, int Top, int Left, PixelGrid Grid, int FirstTile, int Tiles, int First, int Channels, ArrayView<float> Transformed);

/// <summary>Products (points, Channels, Tiles) to channels [First, First + Channels) of the image.</summary>
internal readonly record struct WinogradOutputs<TFinish>(
    ArrayView<float> Products, PixelGrid Grid, int FirstTile, int Tiles, int First, int Channels, int Height, int Width, SampleRows Image, TFinish Finish)
    where TFinish : struct, ITileFinish;

/// <summary>Products (pieces, points, Filters) to gradients (pieces, Filters, taps).</summary>
internal readonly record struct WinogradFilterGradients(ArrayView<float> Products, int Pieces, long Filters, ArrayView<float> Gradients);

/// <summary>Transforms before and after the products of Winograd's convolutions (<see cref="WinogradTile"/>). A thread transforms a tile in registers.</summary>
internal static class WinogradKernels
{
    public static readonly WinogradFamily<WinogradF43> F43 = new();
    public static readonly WinogradFamily<WinogradF33> F33 = new();
    public static readonly WinogradFamily<WinogradF25> F25 = new();

    public static IWinogradFamily Of(WinogradTile tile) => (tile.Outputs, tile.Filter) switch
    {
        (4, 3) => F43,
        (3, 3) => F33,
        (2, 5) => F25,
        _ => throw new ArgumentOutOfRangeException(nameof(tile), tile, "No transforms for this kind of tile."),
    };
}

/// <summary>The kernels of one kind of tile.</summary>
internal sealed class WinogradFamily<TWinograd> : IWinogradFamily
    where TWinograd : struct, IWinograd
{
    private static int Inputs => TWinograd.Outputs + TWinograd.FilterSize - 1;

    public Kernel<WinogradFilters> Filters { get; } = Kernel.Of<WinogradFilters>(TransformFilter);

    public Kernel<WinogradTiles> Images { get; } = Kernel.Of<WinogradTiles>(TransformTile<ImageTiles<TWinograd>>);

    public Kernel<WinogradTiles> Gradients { get; } = Kernel.Of<WinogradTiles>(TransformTile<GradientTiles<TWinograd>>);

    public Kernel<WinogradOutputs<OutputFinish>> Outputs { get; } = Kernel.Of<WinogradOutputs<OutputFinish>>(EmitTile);

    public Kernel<WinogradOutputs<GradientFinish>> InputGradients { get; } = Kernel.Of<WinogradOutputs<GradientFinish>>(EmitTile);

    public Kernel<WinogradFilterGradients> FilterGradients { get; } = Kernel.Of<WinogradFilterGradients>(EmitFilter);

    public IReadOnlyList<Kernel> Members => [Filters, Images, Gradients, Outputs, InputGradients, FilterGradients];

    private static void TransformFilter(WinogradFilters a)
    {
        var index = Grid.GlobalIndex.X;
        if (index >= a.Targets * a.Sources)
        {
            return;
        }

        var (target, source) = (index / a.Sources, index % a.Sources);
        var taps = TWinograd.FilterSize * TWinograd.FilterSize;
        var filter = new FilterPixels(
            a.Weights,
            ((long)target * a.TargetStride) + ((long)source * a.SourceStride) + (a.IsTurned != 0 ? taps - 1 : 0),
            TWinograd.FilterSize,
            a.IsTurned != 0 ? -1 : 1);
        Put(TWinograd.Filter(Read(filter)), a.Transformed, index, (long)a.Targets * a.Sources);
    }

    private static void TransformTile<TSource>(WinogradTiles a)
        where TSource : struct, ITileSource
    {
        var index = Grid.GlobalLinearIndex;
        if (index >= (long)a.Tiles * a.Channels)
        {
            return;
        }

        var channel = (int)(index / a.Tiles);
        var place = a.Grid.At(a.FirstTile + (int)(index - ((long)channel * a.Tiles)));
        var (row, column) = ((place.Row * TSource.Step) - a.Top, (place.Column * TSource.Step) - a.Left);
        var start = (place.Sample * a.Image.Stride) + ((long)(a.First + channel) * a.Height * a.Width);
        var pixels = new ImagePixels(a.Image.Elements, start, a.Height, a.Width, row, column, TSource.Extent);
        Put(TSource.Transform(Read(pixels)), a.Transformed, index, (long)a.Tiles * a.Channels);
    }

    private static void EmitTile<TFinish>(WinogradOutputs<TFinish> a)
        where TFinish : struct, ITileFinish
    {
        var index = Grid.GlobalLinearIndex;
        if (index >= (long)a.Tiles * a.Channels)
        {
            return;
        }

        var channel = (int)(index / a.Tiles);
        var place = a.Grid.At(a.FirstTile + (int)(index - ((long)channel * a.Tiles)));
        var outputs = TWinograd.Output(Get(a.Products, index, (long)a.Tiles * a.Channels));
        var image = a.Image;
        for (var r = 0; r < TWinograd.Outputs; r++)
        {
            var line = outputs.Row(r);
            var row = (place.Row * TWinograd.Outputs) + r;
            for (var s = 0; s < TWinograd.Outputs; s++)
            {
                var column = (place.Column * TWinograd.Outputs) + s;
                if (row < a.Height && column < a.Width)
                {
                    var element = ((((long)(a.First + channel) * a.Height) + row) * a.Width) + column;
                    image[place.Sample, element] = a.Finish.Apply(line.At(s), a.First + channel, place.Sample, element);
                }
            }
        }
    }

    private static void EmitFilter(WinogradFilterGradients a)
    {
        var index = Grid.GlobalLinearIndex;
        if (index >= a.Pieces * a.Filters)
        {
            return;
        }

        var piece = index / a.Filters;
        var products = a.Products.SubView(piece * Inputs * Inputs * a.Filters);
        var gradient = TWinograd.FilterGradient(Get(products, index - (piece * a.Filters), a.Filters));
        var gradients = a.Gradients;
        var at = index * TWinograd.FilterSize * TWinograd.FilterSize;
        for (var r = 0; r < TWinograd.FilterSize; r++)
        {
            var line = gradient.Row(r);
            for (var s = 0; s < TWinograd.FilterSize; s++)
            {
                gradients[at] = line.At(s);
                at++;
            }
        }
    }

    private static Tile6x6 Read<TPixels>(TPixels pixels)
        where TPixels : struct, ITilePixels => new(
            ReadRow(pixels, 0), ReadRow(pixels, 1), ReadRow(pixels, 2), ReadRow(pixels, 3), ReadRow(pixels, 4), ReadRow(pixels, 5));

    private static Six ReadRow<TPixels>(TPixels pixels, int row)
        where TPixels : struct, ITilePixels => new(
            pixels.At(row, 0), pixels.At(row, 1), pixels.At(row, 2), pixels.At(row, 3), pixels.At(row, 4), pixels.At(row, 5));

    /// <summary>Of a kind with fewer than six points along a side, the last rows and columns stay 0.</summary>
    private static Tile6x6 Get(ArrayView<float> products, long index, long stride)
    {
        var line = Inputs * stride;
        return new(
            GetRow(products, index, stride),
            GetRow(products, index + line, stride),
            GetRow(products, index + (2 * line), stride),
            GetRow(products, index + (3 * line), stride),
            GetRow(products, index + (4 * line), stride),
            Inputs > 5 ? GetRow(products, index + (5 * line), stride) : default);
    }

    private static Six GetRow(ArrayView<float> products, long index, long stride) => new(
        products[index],
        products[index + stride],
        products[index + (2 * stride)],
        products[index + (3 * stride)],
        products[index + (4 * stride)],
        Inputs > 5 ? products[index + (5 * stride)] : 0f);

    private static void Put(Tile6x6 tile, ArrayView<float> transformed, long index, long stride)
    {
        var line = Inputs * stride;
        PutRow(tile.Row0, transformed, index, stride);
        PutRow(tile.Row1, transformed, index + line, stride);
        PutRow(tile.Row2, transformed, index + (2 * line), stride);
        PutRow(tile.Row3, transformed, index + (3 * line), stride);
        PutRow(tile.Row4, transformed, index + (4 * line), stride);
        if (Inputs > 5)
        {
            PutRow(tile.Row5, transformed, index + (5 * line), stride);
        }
    }

    private static void PutRow(Six row, ArrayView<float> transformed, long index, long stride)
    {
        transformed[index] = row.V0;
        transformed[index + stride] = row.V1;
        transformed[index + (2 * stride)] = row.V2;
        transformed[index + (3 * stride)] = row.V3;
        transformed[index + (4 * stride)] = row.V4;
        if (Inputs > 5)
        {
            transformed[index + (5 * stride)] = row.V5;
        }
    }
}

/// <summary>The kernels of any kind of tile.</summary>
internal interface IWinogradFamily : IKernelFamily
{
    Kernel<WinogradFilters> Filters { get; }

    Kernel<WinogradTiles> Images { get; }

    Kernel<WinogradTiles> Gradients { get; }

    Kernel<WinogradOutputs<OutputFinish>> Outputs { get; }

    Kernel<WinogradOutputs<GradientFinish>> InputGradients { get; }

    Kernel<WinogradFilterGradients> FilterGradients { get; }
}

/// <summary>What a tile is read from; +0 where there is nothing.</summary>
internal interface ITilePixels
{
    float At(int row, int column);
}

/// <param name="Step">-1 for a filter that is read from its last tap.</param>
internal readonly record struct FilterPixels(ArrayView<float> Weights, long Start, int Size, int Step) : ITilePixels
{
    public float At(int row, int column) => row < Size && column < Size ? Weights[Start + (Step * ((row * Size) + column))] : 0f;
}

/// <param name="Start">Element (0, 0) of the channel.</param>
/// <param name="Row">The tile's first row in the image; it and what follows may lie outside.</param>
internal readonly record struct ImagePixels(ArrayView<float> Image, long Start, int Height, int Width, int Row, int Column, int Extent) : ITilePixels
{
    public float At(int row, int column)
    {
        var (h, w) = (Row + row, Column + column);
        return row < Extent && column < Extent && h >= 0 && h < Height && w >= 0 && w < Width ? Image[Start + ((long)h * Width) + w] : 0f;
    }
}
