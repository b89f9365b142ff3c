using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>
/// dw by <see cref="WinogradTile"/>: per piece of tiles, a product for each point (K x tiles) (tiles x C) of the transformed dy and x in Form C, transformed back to the
/// taps by the filter transform's adjoint, then folded along the tree.
/// </summary>
/// <remarks>
/// Pieces are taken a chunk at a time, as many as fit into a third-level cache: first all threads transform them, then each block of the
/// gradient is one thread's, which walks the chunk's pieces with the block's stack of partial sums. Stacks outlast chunks. A small gradient has fewer blocks than
/// many threads want: a block of each piece is then a piece of work, whose sums go to memory, and a second pass folds them.
/// </remarks>
internal sealed unsafe partial class WinogradBackwardWeights<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int Lane = WinogradTile.Channels;

    private readonly ReductionPlan _plan = new();
    private readonly TreeFold<TSimd, TVector> _fold = new(team);
    private readonly Transforming _transforming = new();
    private readonly NativeBuffer _offsets = new();
    private Conv2dGeometry _g;
    private WinogradTile _tiles;
    private WinogradLoops<TSimd, TVector>? _loops;
    private GradientKernel _kernel;
    private TransformedTiles _left;
    private TransformedTiles _right;
    private int _rowPanels;
    private int _columnPanels;
    private int _chunkTiles;
    private int _firstPiece;
    private int _endPiece;
    private int _top;
    private bool _byPiece;

    /// <summary>Of each block the partial sums that wait for their sibling, or of each piece those of all blocks.</summary>
    private float* _sums;
    private float** _targets;
    private long _firstElement;

    private int Taps => _tiles.Taps;

    private int BlocksAcross => Blocks(_kernel.ColumnPanels(_g.C), _columnPanels);

    private int BlockCount => Blocks(_kernel.RowPanels(_g.K), _rowPanels) * BlocksAcross;

    private nint GradientElements => BlockCount * Taps * BlockElements;

    private nint BlockElements => (nint)_rowPanels * _columnPanels * _kernel.Tile;

    /// <param name="g">One group.</param>
    /// <param name="firstElement">Of the group in the targets.</param>
    public void Execute(in Conv2dGeometry g, BatchSlice slice, SampleRows x, SampleRows dy, float** targets, long firstElement)
    {
        (_g, _firstElement) = (g, firstElement);
        _targets = targets;
        _tiles = WinogradTile.Over(g.R, g.P, g.Q);
        _loops = WinogradLoops<TSimd, TVector>.Of(_tiles);
        _plan.Describe(slice, _tiles.Rows, _tiles.Columns, WinogradTile.PieceTiles);
        _kernel = GradientKernelChoice<TSimd, TVector>.For(g.K, g.C);
        ChooseChunk();
        ChooseBlocks();
        Reserve(x, dy);
        (_endPiece, _top) = (0, 0);
        while (_endPiece < _plan.Count)
        {
            RunChunk();
        }

        if (_byPiece)
        {
            FoldPieces();
        }
    }

    public override void Run(int piece, int thread)
    {
        if (_byPiece)
        {
            var (index, block) = Math.DivRem(piece, BlockCount);
            SumPiece(BlockAt(block), _firstPiece + index, scratch.Own(thread), _sums + ((_firstPiece + index) * GradientElements) + (block * Taps * BlockElements));
        }
        else
        {
            WalkPieces(BlockAt(piece), scratch.Own(thread), _sums + (piece * _plan.StackDepth * Taps * BlockElements));
        }
    }

    private void WalkPieces(Block block, float* products, float* stack)
    {
        for (var (i, top) = (_firstPiece, _top); i < _endPiece; i++)
        {
            SumPiece(block, i, products, stack + (top++ * Taps * BlockElements));
            for (var fold = 0; fold < _plan[i].Folds; fold++, top--)
            {
                var sums = stack + ((top - 2) * Taps * BlockElements);
                Vectors<TSimd, TVector>.AddTo(sums, sums + (Taps * BlockElements), (int)(Taps * BlockElements));
            }

            if (IsLastOfRoot(i))
            {
                top = 0;
                Emit(block, stack, _targets[_plan[i].Root] + _firstElement);
            }
        }
    }

    private void SumPiece(Block block, int index, float* products, float* sums)
    {
        MultiplyPiece(block, _plan[index].FirstPixel - _plan[_firstPiece].FirstPixel, _plan[index].Pixels, products);
        _loops!.FilterGradients(products, BlockElements, products + (_tiles.Points * BlockElements), sums);
    }

    private void FoldPieces()
    {
        _fold.Execute(_plan, _sums, checked((int)GradientElements));
        for (var i = 0; i < _plan.Count; i++)
        {
            for (var block = 0; block < BlockCount && _plan.IsFirstOfRoot(i); block++)
            {
                Emit(BlockAt(block), _sums + (i * GradientElements) + (block * Taps * BlockElements), _targets[_plan[i].Root] + _firstElement);
            }
        }
    }

    public void Dispose() => _offsets.Dispose();

    private static int Blocks(int panels, int blockPanels) => (panels + blockPanels - 1) / blockPanels;

    private bool IsLastOfRoot(int piece) => piece + 1 == _plan.Count || _plan.IsFirstOfRoot(piece + 1);

    private void RunChunk()
    {
        (_firstPiece, var tiles) = (_endPiece, 0);
        for (; _endPiece < _plan.Count && tiles + _plan[_endPiece].Pixels <= _chunkTiles; _endPiece++)
        {
            tiles += _plan[_endPiece].Pixels;
        }

        team.Run(_transforming, (_endPiece - _firstPiece) * _transforming.Blocks);
        team.Run(this, _byPiece ? (_endPiece - _firstPiece) * BlockCount : BlockCount);
        for (var i = _firstPiece; i < _endPiece; i++)
        {
            _top = IsLastOfRoot(i) ? 0 : _top + 1 - _plan[i].Folds;
        }
    }

    private Block BlockAt(int index)
    {
        var (row, column) = (index / BlocksAcross * _rowPanels, index % BlocksAcross * _columnPanels);
        var rows = Math.Min(_rowPanels, _kernel.RowPanels(_g.K) - row);
        return new Block(row, rows, column, Math.Min(_columnPanels, _kernel.ColumnPanels(_g.C) - column));
    }

    /// <summary>products[point][panel][row][column] = the chains over a piece's tiles, of which it has no more than a chain.</summary>
    private void MultiplyPiece(Block block, int firstTile, int tiles, float* products)
    {
        var offsets = _offsets.Ensure<int>(0);

        // A block's rows lie in one panel.
        var first = _left.At(firstTile, block.Row * _kernel.Rows);
        for (var point = 0; point < _tiles.Points; point++, products += BlockElements)
        {
            var sums = products;
            for (var column = 0; column < block.ColumnPanels; column++)
            {
                var right = _right.First + (point * _right.PointStride) + ((block.Column + column) * _right.PanelStride) + (firstTile * _right.TileStride);
                var left = first + (point * _left.PointStride);
                for (var row = 0; row < block.RowPanels; row++, left += _kernel.Rows, sums += _kernel.Tile)
                {
                    var run = new PixelRun(left, tiles);
                    _kernel.Run(&run, 1, _left.TileStride, offsets, right, sums);
                }
            }
        }
    }

    private void Emit(Block block, float* sums, float* target)
    {
        for (var column = 0; column < block.ColumnPanels; column++)
        {
            var firstColumn = (block.Column + column) * _kernel.Columns;
            var columns = Math.Min(_kernel.Columns, _g.C - firstColumn);
            for (var row = block.Row * _kernel.Rows; row < (block.Row + block.RowPanels) * _kernel.Rows; row++, sums += _kernel.Columns)
            {
                if (row < _g.K)
                {
                    var filters = target + ((((long)row * _g.C) + firstColumn) * Taps);
                    Packing.Transpose(sums, BlockElements, Taps, columns, filters, Taps, Taps);
                }
            }
        }
    }

    /// <summary>Part of the gradient in panels.</summary>
    private readonly record struct Block(int Row, int RowPanels, int Column, int ColumnPanels);

    /// <summary>The first half of a chunk: a piece of work is 16 channels of dy or of x in one piece of the plan.</summary>
    private sealed class Transforming : ParallelWork
    {
        private readonly TileTransform<TSimd, TVector> _gradients = new();
        private readonly TileTransform<TSimd, TVector> _inputs = new();
        private WinogradBackwardWeights<TSimd, TVector>? _owner;

        public int Blocks => GradientBlocks + (WinogradTile.Padded(_owner!._g.C) / Lane);

        public long Work => Math.Max(_gradients.Work(_owner!._plan.LongestPiece), _inputs.Work(_owner._plan.LongestPiece));

        private int GradientBlocks => WinogradTile.Padded(_owner!._g.K) / Lane;

        public void Describe(WinogradBackwardWeights<TSimd, TVector> owner, WinogradTile tiles, SampleRows x, SampleRows dy)
        {
            _owner = owner;
            var g = owner._g;
            _gradients.OfGradients(dy, tiles, g.K, g.P, g.Q);
            _inputs.OfInputs(x, tiles, g.C, g.H, g.W, g.PadH, g.PadW);
        }

        public override void Run(int piece, int thread)
        {
            var owner = _owner!;
            var (index, block) = Math.DivRem(piece, Blocks);
            var tiles = owner._plan[owner._firstPiece + index];
            var first = tiles.FirstPixel - owner._plan[owner._firstPiece].FirstPixel;
            var work = owner.OwnMemory(thread);
            if (block < GradientBlocks)
            {
                _gradients.Run(tiles.FirstPixel, tiles.Pixels, block * Lane, owner._left, first, work);
            }
            else
            {
                _inputs.Run(tiles.FirstPixel, tiles.Pixels, (block - GradientBlocks) * Lane, owner._right, first, work);
            }
        }
    }

    private float* OwnMemory(int thread) => scratch.Own(thread);
}
