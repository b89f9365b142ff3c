using System.Runtime.CompilerServices;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>
/// A forward or backward-data pass by <see cref="WinogradTile"/>: filters are transformed once; a piece of work is a block of tiles, which are transformed,
/// multiplied (36 products, tiles x source channels times source channels x target channels, in Form C) and transformed back in memory of the thread's own.
/// </summary>
internal sealed unsafe class WinogradConvolution<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int Lane = WinogradTile.Channels;
    private const int ChainLength = 512;

    /// <summary>Elements of a block's transformed inputs and products, about: 2 MiB.</summary>
    private const int BlockElements = 512 << 10;

    private readonly FilterTransform<TSimd, TVector> _filters = new(team, scratch);
    private readonly TileTransform<TSimd, TVector> _inputs = new();
    private ConvolutionCall? _call;
    private GradientKernel _kernel;
    private WinogradTile _tiles;
    private int _count;
    private int _blockTiles;
    private int _depth;
    private int _outputRows;
    private int _outputColumns;
    private TransformedTiles _weights;

    private int PanelTiles => _kernel.Rows;

    private int ChannelPanels => _kernel.ColumnPanels(_call!.Channels);

    private nint ProductStride => ((nint)(_blockTiles / PanelTiles) * ChannelPanels * _kernel.Tile) + Lane;

    private long OutputWork => 2L * _tiles.Outputs * _tiles.Outputs * _tiles.Columns * Lane;

    /// <param name="height">Of the source images.</param>
    /// <param name="top">Rows of zeros above them.</param>
    public void Execute(ConvolutionCall call, int height, int width, int top, int left)
    {
        (_call, _depth) = (call, call.Patches.Channels);
        (_outputRows, _outputColumns) = (call.Patches.Pixels / call.Patches.PixelColumns, call.Patches.PixelColumns);
        _tiles = WinogradTile.Over(call.Patches.FilterRows, _outputRows, _outputColumns);
        _count = checked(call.Count * _tiles.PerSample);
        _kernel = GradientKernelChoice<TSimd, TVector>.For(_count, call.Channels);
        _blockTiles = ChooseBlock();
        _inputs.OfInputs(call.Source, _tiles, _depth, height, width, top, left);
        var weights = TransformedTiles.Elements(_depth, call.Channels, _kernel.Columns);
        _weights = new TransformedTiles(scratch.Shared(weights), _depth, call.Channels, _kernel.Columns);
        scratch.EnsureOwn(Math.Max(FilterTransform<TSimd, TVector>.Work(call), BlockWork()));
        _filters.Execute(call, _tiles, _weights);
        team.Run(this, (_count + _blockTiles - 1) / _blockTiles);
    }

    public override void Run(int piece, int thread)
    {
        var tile = scratch.Own(thread);
        var products = tile + GradientKernel.LargestTile;
        var inputs = products + (WinogradTile.Points * ProductStride);
        var work = inputs + InputElements();
        var first = piece * _blockTiles;
        var count = Math.Min(_blockTiles, _count - first);
        var transformed = new TransformedTiles(inputs, _blockTiles, _depth, WinogradTile.Padded(_depth));
        for (var channel = 0; channel < _depth; channel += Lane)
        {
            _inputs.Run(first, count, channel, transformed, 0, work);
        }

        for (var point = 0; point < WinogradTile.Points; point++)
        {
            var left = inputs + (point * transformed.PointStride);
            Multiply(left, transformed.TileStride, count, _weights.First + (point * _weights.PointStride), products + (point * ProductStride), tile);
        }

        for (var channel = 0; channel < _call!.Channels; channel += Lane)
        {
            Emit(first, count, channel, products, work);
        }
    }

    private int ChooseBlock()
    {
        var fitting = BlockElements / (WinogradTile.Points * (WinogradTile.Padded(_depth) + (_kernel.Columns * ChannelPanels)));
        var sharing = (_count + (2 * team.Count) - 1) / (2 * team.Count);
        var panels = Math.Min(Math.Max(fitting, 2 * PanelTiles), Math.Max(sharing, 1));
        return (panels + PanelTiles - 1) / PanelTiles * PanelTiles;
    }

    private long InputElements() => TransformedTiles.Elements(_blockTiles, _depth, WinogradTile.Padded(_depth));

    private long BlockWork() =>
        GradientKernel.LargestTile + (WinogradTile.Points * ProductStride) + InputElements() + Math.Max(_inputs.Work(_blockTiles), OutputWork + PixelWork);

    private long PixelWork => (WinogradTile.Points * Lane) + CpuMemory.Slack;

    /// <summary>One point: products (tiles x target channels) = inputs x weights.</summary>
    private void Multiply(float* inputs, nint stride, int count, float* weights, float* products, float* tile)
    {
        var offsets = stackalloc int[_kernel.Rows];
        for (var row = 0; row < _kernel.Rows; row++)
        {
            offsets[row] = (int)(row * stride);
        }

        for (var panel = 0; panel < ChannelPanels; panel++, weights += _weights.PanelStride)
        {
            var sums = products + (panel * (_blockTiles / PanelTiles) * _kernel.Tile);
            for (var row = 0; row < count; row += PanelTiles, sums += _kernel.Tile)
            {
                MultiplyChains(inputs + (row * stride), offsets, weights, sums, tile);
            }
        }
    }

    private void MultiplyChains(float* inputs, int* offsets, float* weights, float* sums, float* tile)
    {
        for (var k = 0; k < _depth; k += ChainLength)
        {
            var run = new PixelRun(inputs + k, Math.Min(ChainLength, _depth - k));
            _kernel.Run(&run, 1, 1, offsets, weights + ((nint)k * _kernel.Columns), k == 0 ? sums : tile);
            if (k > 0)
            {
                Vectors<TSimd, TVector>.AddTo(sums, tile, _kernel.Tile);
            }
        }
    }

    /// <summary>Transforms 16 channels of the block's products back, turns them into images and finishes them.</summary>
    private void Emit(int first, int count, int channel, float* products, float* work)
    {
        for (var done = 0; done < count;)
        {
            var (sample, tile) = Math.DivRem(first + done, _tiles.PerSample);
            var (row, column) = Math.DivRem(tile, _tiles.Columns);
            var length = Math.Min(_tiles.Columns - column, count - done);
            TransformRow(products, done, length, channel, work);
            EmitRow(sample, row, column, length, channel, work, work + (OutputWork / 2));
            done += length;
        }
    }

    /// <summary>pixels[row][column][channel] of neighbouring tiles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void TransformRow(float* products, int tile, int count, int channel, float* pixels)
    {
        var columns = pixels + OutputWork;
        var outputs = _tiles.Outputs;
        nint rowElements = count * outputs * Lane;
        var (stride, tilePanels) = (ProductStride, _blockTiles / PanelTiles);
        for (var lane = 0; lane < Lane; lane += TSimd.Lanes)
        {
            var (panel, place) = Math.DivRem(channel + lane, _kernel.Columns);
            if (panel >= ChannelPanels)
            {
                break;
            }

            for (var i = 0; i < count; i++)
            {
                var (tilePanel, row) = Math.DivRem(tile + i, PanelTiles);
                var source = products + (((panel * tilePanels) + tilePanel) * _kernel.Tile) + (row * _kernel.Columns) + place;
                for (var column = 0; column < WinogradTile.Inputs; column++)
                {
                    TransformLine(outputs, source + (column * stride), WinogradTile.Inputs * stride, columns + (column * Lane), WinogradTile.Inputs * Lane);
                }

                var target = pixels + (i * outputs * Lane) + lane;
                for (var line = 0; line < outputs; line++)
                {
                    TransformLine(outputs, columns + (line * WinogradTile.Inputs * Lane), Lane, target + (line * rowElements), Lane);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransformLine(int outputs, float* source, nint step, float* target, nint targetStep)
    {
        if (outputs == 4)
        {
            WinogradTransforms<TSimd, TVector>.Output(source, step, target, targetStep);
        }
        else
        {
            WinogradTransforms<TSimd, TVector>.Output2(source, step, target, targetStep);
        }
    }

    /// <param name="turned">Memory for as many pixels.</param>
    private void EmitRow(int sample, int row, int column, int count, int channel, float* pixels, float* turned)
    {
        var call = _call!;
        var (finish, channels) = (call.Finish, Math.Min(Lane, call.Channels - channel));
        var (firstRow, firstColumn, width) = (row * _tiles.Outputs, column * _tiles.Outputs, count * _tiles.Outputs);
        var bias = finish.Bias == null ? null : finish.Bias + channel;
        for (var line = firstRow; line < Math.Min(firstRow + _tiles.Outputs, _outputRows); line++, pixels += width * Lane)
        {
            Packing.Transpose(pixels, Lane, width, Lane, turned, width, width);
            var element = ((long)channel * call.Patches.Pixels) + ((long)line * _outputColumns) + firstColumn;
            Epilogue<TSimd, TVector>.WriteChannels(
                turned,
                width,
                channels,
                Math.Min(width, _outputColumns - firstColumn),
                call.Target.At(sample, element),
                call.Patches.Pixels,
                finish,
                finish.At(sample, element, bias, null, 0));
        }
    }
}
