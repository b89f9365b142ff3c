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
/// Three schedules with the same bits. Where images outweigh filters, those are transformed once, and a piece of work is a block of tiles. Where filters outweigh
/// images, it is the other way round: tiles are transformed once, and a piece of work is a block of target channels, whose filters no other thread needs and which
/// are read only once. What a piece makes for itself stays in memory of the thread's own. Where neither makes pieces enough for all threads, both are transformed
/// once, and a piece has some of the tiles and some of the channels.
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
    private TransformedTiles _inputTiles;
    private TransformedTiles _filterTiles;
    private bool _sharesInputs;
    private bool _sharesFilters;
    private int _count;
    private int _depth;
    private int _blockTiles;
    private int _blockChannels;

    private GradientKernel Kernel => _layout.Kernel;

    private int TileBlocks => Blocks(_count, _blockTiles);

    private int Pieces => TileBlocks * Blocks(_call!.Channels, _blockChannels);

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
        ChooseBlocks(GradientKernelChoice<TSimd, TVector>.For(_count, call.Channels));
        Reserve();
        _preparation.Describe(this);
        team.Run(_preparation, _preparation.Pieces);
        team.Run(this, Pieces);
    }

    public override void Run(int piece, int thread)
    {
        var (channelBlock, tileBlock) = Math.DivRem(piece, TileBlocks);
        var (tile, channel) = (tileBlock * _blockTiles, channelBlock * _blockChannels);
        var (tiles, channels) = (Math.Min(_blockTiles, _count - tile), Math.Min(_blockChannels, _call!.Channels - channel));
        var products = scratch.Own(thread);
        var own = products + (_tiles.Points * _layout.PointStride);
        var work = own + OwnElements;
        var inputs = _sharesInputs ? _inputTiles : new TransformedTiles(own, _blockTiles, _depth, WinogradTile.Padded(_depth));
        var filters = _sharesFilters ? _filterTiles : new TransformedTiles(own, _depth, _blockChannels, Kernel.Columns);
        for (var group = 0; group < _depth && !_sharesInputs; group += Lane)
        {
            _inputs.Run(tile, tiles, group, inputs, 0, work);
        }

        for (var group = 0; group < channels && !_sharesFilters; group += Lane)
        {
            _filters.Run(channel + group, filters, group, work);
        }

        MultiplyPoints(inputs, inputs.At(_sharesInputs ? tile : 0, 0), tiles, filters, filters.At(0, _sharesFilters ? channel : 0), Kernel.ColumnPanels(channels), products);
        for (var group = 0; group < channels; group += Lane)
        {
            _outputs.Emit(tile, tiles, products, _layout, group, channel + group, work);
        }
    }

    private static int Blocks(int count, int block) => (count + block - 1) / block;

    private void ChooseBlocks(GradientKernel kernel)
    {
        var channels = kernel.ColumnPanels(_call!.Channels) * kernel.Columns;
        _sharesInputs = (long)_depth * _call.Channels > (long)_count * (_depth + _call.Channels);
        _sharesFilters = !_sharesInputs;
        if (_sharesInputs)
        {
            _blockTiles = Rounded(_count, kernel);
            _blockChannels = Math.Max(_call.Channels >= 6 * Lane * team.Count ? 2 * Lane : Lane, kernel.Columns);
        }
        else
        {
            var fitting = BlockElements / (_tiles.Points * (WinogradTile.Padded(_depth) + channels));
            _blockTiles = Shared(_count, team.EnoughPieces, Math.Max(fitting, 2 * kernel.Rows), kernel);
            _blockChannels = channels;
        }

        if (Pieces < team.EnoughPieces)
        {
            _sharesInputs = _sharesFilters = true;
            ShareBoth(kernel, channels);
        }

        _layout = new ProductLayout(kernel, _blockTiles, kernel.ColumnPanels(_blockChannels));
    }

    private void ShareBoth(GradientKernel kernel, int channels)
    {
        _blockChannels = Math.Min(channels, 2 * Math.Max(Lane, kernel.Columns));
        _blockTiles = Shared(_count, Blocks(team.EnoughPieces, Blocks(_call!.Channels, _blockChannels)), _count, kernel);
        if (Pieces < team.EnoughPieces)
        {
            _blockChannels = Math.Min(channels, Math.Max(Lane, kernel.Columns));
        }
    }

    /// <summary>Tiles of a block, whole panels, of which there are to be enough.</summary>
    private static int Shared(int tiles, int enough, int most, GradientKernel kernel) =>
        Math.Max(1, Math.Min(Rounded(most, kernel), tiles / enough) / kernel.Rows) * kernel.Rows;

    private static int Rounded(int tiles, GradientKernel kernel) => kernel.RowPanels(tiles) * kernel.Rows;

    /// <summary>What a piece transforms for itself.</summary>
    private long OwnElements => _sharesInputs && _sharesFilters ? 0
        : _sharesInputs ? TransformedTiles.Elements(_tiles.Points, _depth, _blockChannels, Kernel.Columns)
        : TransformedTiles.Elements(_tiles.Points, _blockTiles, _depth, WinogradTile.Padded(_depth));

    private void Reserve()
    {
        // Kernels read whole panels of tiles.
        var (tiles, padded) = (Rounded(_count, Kernel), WinogradTile.Padded(_depth));
        var inputs = _sharesInputs ? TransformedTiles.Elements(_tiles.Points, tiles, _depth, padded) : 0;
        var filters = _sharesFilters ? TransformedTiles.Elements(_tiles.Points, _depth, _call!.Channels, Kernel.Columns) : 0;
        var shared = scratch.Shared(inputs + filters);
        _inputTiles = new TransformedTiles(shared, tiles, _depth, padded);
        _filterTiles = new TransformedTiles(shared + inputs, _depth, _call!.Channels, Kernel.Columns);
        var work = Math.Max(Math.Max(_filters.Work, _outputs.Work), _inputs.Work(_sharesInputs ? _count : _blockTiles));
        scratch.EnsureOwn((_tiles.Points * _layout.PointStride) + OwnElements + work);
    }

    /// <summary>At each point: products (tiles x target channels) = inputs x filters.</summary>
    /// <param name="left">The first tile of the inputs, at point 0.</param>
    /// <param name="right">The first of some panels of the filters, at point 0.</param>
    private void MultiplyPoints(in TransformedTiles inputs, float* left, int count, in TransformedTiles filters, float* right, int panels, float* products)
    {
        var offsets = stackalloc int[Kernel.Rows];
        for (var row = 0; row < Kernel.Rows; row++)
        {
            offsets[row] = (int)(row * inputs.TileStride);
        }

        var tile = stackalloc float[GradientKernel.LargestTile];
        for (var point = 0; point < _tiles.Points; point++, products += _layout.PointStride, left += inputs.PointStride, right += filters.PointStride)
        {
            for (var panel = 0; panel < panels; panel++)
            {
                var weights = right + (panel * filters.PanelStride);
                var sums = products + (panel * _layout.PanelStride);
                for (var row = 0; row < count; row += Kernel.Rows, sums += Kernel.Tile)
                {
                    MultiplyChains(left + (row * inputs.TileStride), offsets, weights, sums, tile);
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

    /// <summary>Transforms once what all pieces read: a piece of work is 16 channels of the filters, or of the inputs of some samples.</summary>
    private sealed class Preparation : ParallelWork
    {
        private WinogradConvolution<TSimd, TVector>? _owner;
        private int _filterPieces;
        private int _inputGroups;
        private int _rangeTiles;

        public int Pieces { get; private set; }

        public void Describe(WinogradConvolution<TSimd, TVector> owner)
        {
            _owner = owner;
            _filterPieces = owner._sharesFilters ? WinogradTile.Padded(owner._call!.Channels) / Lane : 0;
            _inputGroups = owner._sharesInputs ? WinogradTile.Padded(owner._depth) / Lane : 0;
            var samples = owner._call!.Count;
            var ranges = Math.Min(samples, Blocks(owner.EnoughPieces, Math.Max(1, _inputGroups)));
            _rangeTiles = Blocks(samples, ranges) * owner._tiles.PerSample;
            Pieces = _filterPieces + (_inputGroups * Blocks(owner._count, _rangeTiles));
        }

        public override void Run(int piece, int thread)
        {
            var owner = _owner!;
            var work = owner.OwnMemory(thread);
            if (piece < _filterPieces)
            {
                owner._filters.Run(piece * Lane, owner._filterTiles, piece * Lane, work);
                return;
            }

            var (range, group) = Math.DivRem(piece - _filterPieces, _inputGroups);
            var first = range * _rangeTiles;
            owner._inputs.Run(first, Math.Min(_rangeTiles, owner._count - first), group * Lane, owner._inputTiles, first, work);
        }
    }

    private int EnoughPieces => team.EnoughPieces;

    private float* OwnMemory(int thread) => scratch.Own(thread);
}
