using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>
/// A forward or backward-data pass by <see cref="WinogradTile"/>: filters and tiles are transformed, multiplied (a product for each point, tiles x source channels
/// times source channels x target channels, in Form C) and transformed back.
/// </summary>
/// <remarks>
/// Two schedules with the same bits. Where images outweigh filters, those are transformed once, and a piece of work is a block of tiles. Where filters outweigh
/// images, it is the other way round: tiles are transformed once, and a piece of work is a block of target channels, whose filters no other thread needs and which
/// are read only once. Either way what a piece makes for itself stays in memory of the thread's own.
/// </remarks>
internal sealed unsafe class WinogradConvolution<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int Lane = WinogradTile.Channels;
    private const int ChainLength = 512;

    /// <summary>Elements of a block of tiles' transformed inputs and products, about: 2 MiB.</summary>
    private const int BlockElements = 512 << 10;

    private readonly FilterTransform<TSimd, TVector> _filters = new();
    private readonly TileTransform<TSimd, TVector> _inputs = new();
    private readonly WinogradOutputs<TSimd, TVector> _outputs = new();
    private readonly Preparation _preparation = new();
    private ConvolutionCall? _call;
    private WinogradTile _tiles;
    private ProductLayout _layout;
    private TransformedTiles _shared;
    private bool _byChannels;
    private int _count;
    private int _depth;

    /// <summary>Target channels of a piece, or tiles.</summary>
    private int _block;

    private GradientKernel Kernel => _layout.Kernel;

    /// <param name="height">Of the source images.</param>
    /// <param name="top">Rows of zeros above them.</param>
    public void Execute(ConvolutionCall call, int height, int width, int top, int left)
    {
        (_call, _depth) = (call, call.Patches.Channels);
        var columns = call.Patches.PixelColumns;
        _tiles = WinogradTile.Over(call.Patches.FilterRows, call.Patches.Pixels / columns, columns);
        _count = checked(call.Count * _tiles.PerSample);
        _inputs.OfInputs(call.Source, _tiles, _depth, height, width, top, left);
        _filters.Describe(call, _tiles);
        _outputs.Describe(call, _tiles);
        _byChannels = (long)_depth * call.Channels > (long)_count * (_depth + call.Channels);
        ChooseBlock(GradientKernelChoice<TSimd, TVector>.For(_count, call.Channels));
        Reserve();
        _preparation.Owner = this;
        team.Run(_preparation, WinogradTile.Padded(_byChannels ? _depth : call.Channels) / Lane);
        team.Run(this, ((_byChannels ? call.Channels : _count) + _block - 1) / _block);
    }

    public override void Run(int piece, int thread)
    {
        var products = scratch.Own(thread);
        var own = products + (_tiles.Points * _layout.PointStride);
        if (_byChannels)
        {
            RunChannels(piece * _block, Math.Min(_block, _call!.Channels - (piece * _block)), products, own);
        }
        else
        {
            RunTiles(piece * _block, Math.Min(_block, _count - (piece * _block)), products, own);
        }
    }

    private void RunTiles(int first, int count, float* products, float* own)
    {
        var inputs = new TransformedTiles(own, _block, _depth, WinogradTile.Padded(_depth));
        var work = own + OwnElements;
        for (var channel = 0; channel < _depth; channel += Lane)
        {
            _inputs.Run(first, count, channel, inputs, 0, work);
        }

        MultiplyPoints(inputs, count, _shared, products);
        for (var channel = 0; channel < _call!.Channels; channel += Lane)
        {
            _outputs.Emit(first, count, products, _layout, channel, channel, work);
        }
    }

    private void RunChannels(int first, int count, float* products, float* own)
    {
        var weights = new TransformedTiles(own, _depth, _block, Kernel.Columns);
        var work = own + OwnElements;
        for (var channel = 0; channel < count; channel += Lane)
        {
            _filters.Run(first + channel, weights, channel, work);
        }

        MultiplyPoints(_shared, _count, weights, products);
        for (var channel = 0; channel < count; channel += Lane)
        {
            _outputs.Emit(0, _count, products, _layout, channel, first + channel, work);
        }
    }

    private void ChooseBlock(GradientKernel kernel)
    {
        var panels = kernel.ColumnPanels(_call!.Channels);
        if (_byChannels)
        {
            _block = Math.Max(_call.Channels >= 6 * Lane * team.Count ? 2 * Lane : Lane, kernel.Columns);
            _layout = new ProductLayout(kernel, kernel.RowPanels(_count) * kernel.Rows, kernel.ColumnPanels(_block));
            return;
        }

        var fitting = BlockElements / (_tiles.Points * (WinogradTile.Padded(_depth) + (kernel.Columns * panels)));
        var sharing = (_count + (2 * team.Count) - 1) / (2 * team.Count);
        _block = kernel.RowPanels(Math.Min(Math.Max(fitting, 2 * kernel.Rows), Math.Max(sharing, 1))) * kernel.Rows;
        _layout = new ProductLayout(kernel, _block, panels);
    }

    /// <summary>What a piece transforms for itself.</summary>
    private long OwnElements => _byChannels
        ? TransformedTiles.Elements(_tiles.Points, _depth, _block, Kernel.Columns)
        : TransformedTiles.Elements(_tiles.Points, _block, _depth, WinogradTile.Padded(_depth));

    private void Reserve()
    {
        if (_byChannels)
        {
            // Kernels read whole panels of tiles.
            var (tiles, padded) = (_layout.Tiles, WinogradTile.Padded(_depth));
            _shared = new TransformedTiles(scratch.Shared(TransformedTiles.Elements(_tiles.Points, tiles, _depth, padded)), tiles, _depth, padded);
        }
        else
        {
            var elements = TransformedTiles.Elements(_tiles.Points, _depth, _call!.Channels, Kernel.Columns);
            _shared = new TransformedTiles(scratch.Shared(elements), _depth, _call.Channels, Kernel.Columns);
        }

        var work = Math.Max(Math.Max(_filters.Work, _outputs.Work), _inputs.Work(_byChannels ? _count : _block));
        scratch.EnsureOwn((_tiles.Points * _layout.PointStride) + OwnElements + work);
    }

    private void Prepare(int piece, int thread)
    {
        if (_byChannels)
        {
            _inputs.Run(0, _count, piece * Lane, _shared, 0, scratch.Own(thread));
        }
        else
        {
            _filters.Run(piece * Lane, _shared, piece * Lane, scratch.Own(thread));
        }
    }

    /// <summary>At each point: products (tiles x target channels) = inputs x weights.</summary>
    private void MultiplyPoints(in TransformedTiles inputs, int count, in TransformedTiles weights, float* products)
    {
        var offsets = stackalloc int[Kernel.Rows];
        for (var row = 0; row < Kernel.Rows; row++)
        {
            offsets[row] = (int)(row * inputs.TileStride);
        }

        var tile = stackalloc float[GradientKernel.LargestTile];
        for (var point = 0; point < _tiles.Points; point++, products += _layout.PointStride)
        {
            var left = inputs.First + (point * inputs.PointStride);
            var right = weights.First + (point * weights.PointStride);
            for (var panel = 0; panel < _layout.Panels; panel++, right += weights.PanelStride)
            {
                var sums = products + (panel * _layout.PanelStride);
                for (var row = 0; row < count; row += Kernel.Rows, sums += Kernel.Tile)
                {
                    MultiplyChains(left + (row * inputs.TileStride), offsets, right, sums, tile);
                }
            }
        }
    }

    private void MultiplyChains(float* inputs, int* offsets, float* weights, float* sums, float* tile)
    {
        for (var k = 0; k < _depth; k += ChainLength)
        {
            var run = new PixelRun(inputs + k, Math.Min(ChainLength, _depth - k));
            Kernel.Run(&run, 1, 1, offsets, weights + ((nint)k * Kernel.Columns), k == 0 ? sums : tile);
            if (k > 0)
            {
                Vectors<TSimd, TVector>.AddTo(sums, tile, Kernel.Tile);
            }
        }
    }

    /// <summary>Transforms once what all pieces read: a piece of work is 16 channels.</summary>
    private sealed class Preparation : ParallelWork
    {
        public WinogradConvolution<TSimd, TVector>? Owner { get; set; }

        public override void Run(int piece, int thread) => Owner!.Prepare(piece, thread);
    }
}
