using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>Products of neighbouring tiles in panels of some channels: at each point panel by panel, in each tile by tile.</summary>
/// <param name="Tiles">That a panel has room for; a multiple of the kernel's rows.</param>
/// <param name="Panels">Of channels.</param>
internal readonly record struct ProductLayout(GradientKernel Kernel, int Tiles, int Panels)
{
    /// <summary>Elements of a panel.</summary>
    public nint PanelStride => (nint)(Tiles / Kernel.Rows) * Kernel.Tile;

    /// <summary>Elements from a point to the next: a cache line more than its panels.</summary>
    public nint PointStride => (Panels * PanelStride) + WinogradTile.Channels;

    /// <summary>Where a channel of the first tile lies.</summary>
    public nint AtChannel(int channel)
    {
        var (panel, place) = Math.DivRem(channel, Kernel.Columns);
        return (panel * PanelStride) + place;
    }

    /// <summary>Elements from the first tile of a panel to another one.</summary>
    public nint ToTile(int tile)
    {
        var (panel, row) = Math.DivRem(tile, Kernel.Rows);
        return (panel * Kernel.Tile) + (row * Kernel.Columns);
    }
}

/// <summary>The way back from the points: transforms 16 channels of a run of tiles to pixels, turns them into images and finishes them.</summary>
internal sealed unsafe class WinogradOutputs<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int Lane = WinogradTile.Channels;

    private ConvolutionCall? _call;
    private WinogradTile _tiles;
    private WinogradLoops<TSimd, TVector>? _loops;

    /// <summary>Elements of memory that <see cref="Emit"/> needs.</summary>
    public long Work => (2 * PixelElements) + (_tiles.Points * Lane) + CpuMemory.Slack;

    /// <summary>Of a row of tiles.</summary>
    private long PixelElements => (long)_tiles.Outputs * _tiles.Outputs * _tiles.Columns * Lane;

    private int Rows => _call!.Patches.Pixels / _call.Patches.PixelColumns;

    private int Columns => _call!.Patches.PixelColumns;

    public void Describe(ConvolutionCall call, WinogradTile tiles) => (_call, _tiles, _loops) = (call, tiles, WinogradLoops<TSimd, TVector>.Of(tiles));

    /// <param name="first">Tile of the local batch that the products' first is.</param>
    /// <param name="place">Channel of the products, from which on 16 are written.</param>
    /// <param name="channel">The same of the target.</param>
    public void Emit(int first, int count, float* products, in ProductLayout layout, int place, int channel, float* work)
    {
        for (var done = 0; done < count;)
        {
            var (sample, tile) = Math.DivRem(first + done, _tiles.PerSample);
            var (row, column) = Math.DivRem(tile, _tiles.Columns);
            var length = Math.Min(_tiles.Columns - column, count - done);
            TransformRow(products, layout, done, length, place, work);
            EmitRow(sample, row, column, length, channel, work);
            done += length;
        }
    }

    /// <summary>pixels[row][column][channel] of neighbouring tiles.</summary>
    private void TransformRow(float* products, in ProductLayout layout, int tile, int count, int place, float* pixels)
    {
        var columns = pixels + (2 * PixelElements);
        nint rowElements = count * _tiles.Outputs * Lane;
        for (var lane = 0; lane < Lane && place + lane < layout.Panels * layout.Kernel.Columns; lane += TSimd.Lanes)
        {
            var source = products + layout.AtChannel(place + lane);
            for (var i = 0; i < count; i++)
            {
                _loops!.Output(source + layout.ToTile(tile + i), layout.PointStride, columns, pixels + (i * _tiles.Outputs * Lane) + lane, rowElements);
            }
        }
    }

    private void EmitRow(int sample, int row, int column, int count, int channel, float* pixels)
    {
        var call = _call!;
        var turned = pixels + PixelElements;
        var (finish, channels) = (call.Finish, Math.Min(Lane, call.Channels - channel));
        var (firstRow, firstColumn, width) = (row * _tiles.Outputs, column * _tiles.Outputs, count * _tiles.Outputs);
        var bias = finish.Bias == null ? null : finish.Bias + channel;
        for (var line = firstRow; line < Math.Min(firstRow + _tiles.Outputs, Rows); line++, pixels += width * Lane)
        {
            Packing.Transpose(pixels, Lane, width, Lane, turned, width, width);
            var element = ((long)channel * call.Patches.Pixels) + ((long)line * Columns) + firstColumn;
            Epilogue<TSimd, TVector>.WriteChannels(
                turned,
                width,
                channels,
                Math.Min(width, Columns - firstColumn),
                call.Target.At(sample, element),
                call.Patches.Pixels,
                finish,
                finish.At(sample, element, bias, null, 0));
        }
    }
}
