using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Reduction;

/// <summary>
/// A gradient (rows x columns) = the sum over the pixels of the local samples of left[pixel, row] x right[pixel, column]: per piece of the
/// <see cref="ReductionPlan"/> a product in Form C, folded along its trees.
/// </summary>
/// <remarks>
/// <para>
/// Two schedules with the same bits. Small gradients: a piece of work is a piece of the plan, or for many threads a block of the gradient in it, whose sums go to memory,
/// and a <see cref="TreeFold{TSimd,TVector}"/> follows. Large ones: a piece of work is a block of the gradient, for which one thread walks all
/// chains, some at a time; a tile takes its way through those, and folds what it can, before the next tile does. Only what is left goes to a stack in
/// memory. The right operand is packed once for all blocks.
/// </para>
/// <para>The left operand is read where it lies, or packed once as well where the derived operation finds that worth its while.</para>
/// <para>Sums lie in memory as tiles do: column panel by column panel, in each row by row; only the finished ones are put into place.</para>
/// </remarks>
internal abstract unsafe partial class WeightGradient<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    public const int ChainLength = 512;

    /// <summary>The most elements of partial sums that are written to memory: 16 MiB.</summary>
    private const long MostPartials = 4 << 20;

    /// <summary>Rows and columns of a block of a large gradient, about: a chain of its left operand is then 192 KiB, a level of its stack 96 KiB.</summary>
    private const int BlockRows = 96;
    private const int BlockColumns = 256;

    private readonly TreeFold<TSimd, TVector> _fold = new(team);
    private readonly OperandPacking _packing = new();
    private bool _byPiece;
    private bool _packsLeft;
    private int _blockRowPanels;
    private int _blockColumnPanels;
    private float* _shared;
    private float** _targets;

    protected ReductionPlan Plan { get; private set; } = new();

    protected GradientKernel Kernel { get; private set; }

    protected int Rows { get; private set; }

    protected int Columns { get; private set; }

    /// <summary>Elements from one pixel of a run to the next in the left operand.</summary>
    protected abstract int Step { get; }

    /// <summary>For each row, up to a whole number of panels, where it lies relative to row 0; rows that there are not repeat the last.</summary>
    protected abstract int* Offsets { get; }

    private int RowPanels => Kernel.RowPanels(Rows);

    private int ColumnPanels => Kernel.ColumnPanels(Columns);

    private int PaddedRows => RowPanels * Kernel.Rows;

    private int PaddedColumns => ColumnPanels * Kernel.Columns;

    private long BlockElements => (long)_blockRowPanels * _blockColumnPanels * Kernel.Tile;

    private int BlocksAcross => Blocks(ColumnPanels, _blockColumnPanels);

    private int BlockCount => Blocks(RowPanels, _blockRowPanels) * BlocksAcross;

    private int MostPixels => _byPiece ? Plan.LongestPiece : ChainLength;

    private long TileElements => (Plan.StackDepth + 1L) * GradientKernel.LargestTile;

    private static long ChainElements => (long)ChainLength * sizeof(GradientChain) / sizeof(float);

    private static long RunElements => (long)ChainLength * sizeof(PixelRun) / sizeof(float);

    private long LeftElements => _byPiece && _packsLeft ? (long)ChainLength * PaddedRows : 0;

    private long RightElements => _byPiece ? (long)ChainLength * PaddedColumns : 0;

    private long StackElements => _byPiece ? 0 : Plan.StackDepth * BlockElements;

    public sealed override void Run(int piece, int thread)
    {
        if (_byPiece)
        {
            var (index, block) = Math.DivRem(piece, BlockCount);
            SumPiece(Plan[index], BlockAt(block), MemoryOf(thread), _shared + (piece * BlockElements));
        }
        else
        {
            WalkPieces(BlockAt(piece), MemoryOf(thread));
        }
    }

    protected void Reduce(ReductionPlan plan, int rows, int columns, float** targets)
    {
        (Plan, Rows, Columns) = (plan, rows, columns);
        _targets = targets;
        Kernel = GradientKernelChoice<TSimd, TVector>.For(rows, columns);
        _packsLeft = Kernel.RunPacked != null && PacksLeft();
        _byPiece = plan.Count * (long)RowPanels * ColumnPanels * Kernel.Tile <= MostPartials;
        if (_byPiece)
        {
            ReduceByPiece();
        }
        else
        {
            ReduceByBlock();
        }
    }

    /// <summary>Elements of memory that the left operand needs for this many pixels.</summary>
    protected virtual long ImageWork(int pixels) => 0;

    /// <summary>Called before any of these pixels are listed or packed, for rows [row, row + rows).</summary>
    protected virtual void BeginPixels(int firstPixel, int pixels, int row, int rows, float* images)
    {
    }

    /// <summary>Lists the runs of neighbouring pixels that make up some pixels; there are at most as many as pixels.</summary>
    /// <param name="begun">First of the pixels that <see cref="BeginPixels"/> was called for.</param>
    protected abstract int ListRuns(int begun, int firstPixel, int pixels, float* images, PixelRun* runs);

    /// <summary>Whether <see cref="PackLeft"/> is there and worth its while.</summary>
    protected virtual bool PacksLeft() => false;

    /// <summary>Writes the left operand as panels of (pixels x Kernel.Rows), one after another; rows that there are not may be anything.</summary>
    protected virtual void PackLeft(int firstPixel, int pixels, float* panels) => throw new NotSupportedException();

    /// <summary>Writes the right operand as (pixels x Kernel.Columns); columns that there are not may be anything.</summary>
    protected abstract void PackRight(int firstPixel, int pixels, int column, int columns, float* panel);

    /// <summary>Puts finished sums (rows x Kernel.Columns), of which some columns count, into a root's gradient.</summary>
    protected abstract void Emit(float* sums, int row, int rows, int column, int columns, float* target);

    private void ReduceByPiece()
    {
        (_blockRowPanels, _blockColumnPanels) = (RowPanels, ColumnPanels);
        ShrinkBlocks(Blocks(team.EnoughPieces, Plan.Count));
        _shared = scratch.Shared(Plan.Count * BlockCount * BlockElements);
        EnsureOwn();
        team.Run(this, Plan.Count * BlockCount);
        _fold.Execute(Plan, _shared, checked((int)(BlockCount * BlockElements)));
        for (var i = 0; i < Plan.Count; i++)
        {
            for (var block = 0; block < BlockCount && Plan.IsFirstOfRoot(i); block++)
            {
                EmitBlock(_shared + (((i * BlockCount) + block) * BlockElements), BlockAt(block), _targets[Plan[i].Root]);
            }
        }
    }

    private void ReduceByBlock()
    {
        _blockRowPanels = Math.Min(RowPanels, Math.Max(1, BlockRows / Kernel.Rows));
        _blockColumnPanels = Math.Min(ColumnPanels, BlockColumns / Kernel.Columns);
        ShrinkBlocks(team.EnoughPieces);
        _shared = scratch.Shared((long)Plan.Pixels * (PaddedColumns + (_packsLeft ? PaddedRows : 0)));
        EnsureOwn();
        _packing.Owner = this;
        team.Run(_packing, Plan.Count);
        team.Run(this, BlockCount);
    }

    /// <summary>Fewer columns in each, for their part of the right operand is packed by the block alone, then fewer rows, until there are enough.</summary>
    private void ShrinkBlocks(int enough)
    {
        while (BlockCount < enough && _blockRowPanels * _blockColumnPanels > 1)
        {
            (_blockRowPanels, _blockColumnPanels) = _blockColumnPanels > 1
                ? (_blockRowPanels, (_blockColumnPanels + 1) / 2)
                : ((_blockRowPanels + 1) / 2, _blockColumnPanels);
        }
    }

    private Block BlockAt(int index)
    {
        var (row, column) = (index / BlocksAcross * _blockRowPanels, index % BlocksAcross * _blockColumnPanels);
        return new Block(row, Math.Min(_blockRowPanels, RowPanels - row), column, Math.Min(_blockColumnPanels, ColumnPanels - column));
    }

    private void EnsureOwn() =>
        scratch.EnsureOwn(TileElements + ChainElements + RunElements + LeftElements + RightElements + StackElements + ImageWork(MostPixels));

    private static int Blocks(int panels, int blockPanels) => (panels + blockPanels - 1) / blockPanels;

    private void EmitBlock(float* sums, Block block, float* target)
    {
        var row = block.Row * Kernel.Rows;
        var rows = Math.Min(block.RowPanels * Kernel.Rows, Rows - row);
        for (var panel = 0; panel < block.ColumnPanels; panel++, sums += (long)_blockRowPanels * Kernel.Tile)
        {
            var column = (block.Column + panel) * Kernel.Columns;
            Emit(sums, row, rows, column, Math.Min(Kernel.Columns, Columns - column), target);
        }
    }

    /// <summary>Part of a gradient in panels.</summary>
    private readonly record struct Block(int Row, int RowPanels, int Column, int ColumnPanels);

    private sealed class OperandPacking : ParallelWork
    {
        public WeightGradient<TSimd, TVector>? Owner { get; set; }

        public override void Run(int piece, int thread)
        {
            var owner = Owner!;
            for (var index = 0; index < ChainsOf(owner.Plan[piece]); index++)
            {
                owner.Pack(owner.InShared(ChainOf(owner.Plan[piece], index)), 0, owner.Columns);
            }
        }
    }
}
