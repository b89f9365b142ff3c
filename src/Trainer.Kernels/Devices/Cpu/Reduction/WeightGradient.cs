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
/// Two schedules with the same bits. Small gradients: a piece of work is a piece of the plan, whose sums go to memory, and a
/// <see cref="TreeFold{TSimd,TVector}"/> follows. Large ones: a piece of work is a block of the gradient, for which one thread walks all
/// pieces with a stack of partial sums, while the right operand is packed once for all of them.
/// </para>
/// <para>Sums lie in memory as tiles do: column panel by column panel, in each row by row; only the finished ones are put into place.</para>
/// </remarks>
internal abstract unsafe class WeightGradient<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    public const int ChainLength = 512;

    /// <summary>The most elements of partial sums that are written to memory: 16 MiB.</summary>
    private const long MostPartials = 4 << 20;

    /// <summary>Rows and columns of a block of a large gradient, about: a level of its stack is then 96 KiB.</summary>
    private const int BlockRows = 96;
    private const int BlockColumns = 256;

    private readonly TreeFold<TSimd, TVector> _fold = new(team);
    private readonly RightPacking _packing = new();
    private bool _byPiece;
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

    /// <summary>Elements of memory that the left operand of a piece needs.</summary>
    protected virtual long PieceWork => 0;

    private int RowPanels => Kernel.RowPanels(Rows);

    private int ColumnPanels => Kernel.ColumnPanels(Columns);

    private int PaddedColumns => ColumnPanels * Kernel.Columns;

    private long BlockElements => (long)_blockRowPanels * _blockColumnPanels * Kernel.Tile;

    private static long RunElements => ChainLength * sizeof(PixelRun) / sizeof(float);

    private long RightElements => _byPiece ? (long)ChainLength * PaddedColumns : 0;

    public sealed override void Run(int piece, int thread)
    {
        if (_byPiece)
        {
            AddPiece(Plan[piece], new Block(0, RowPanels, 0, ColumnPanels), thread, _shared + (piece * BlockElements));
        }
        else
        {
            WalkPieces(piece, thread);
        }
    }

    protected void Reduce(ReductionPlan plan, int rows, int columns, float** targets)
    {
        (Plan, Rows, Columns) = (plan, rows, columns);
        _targets = targets;
        Kernel = GradientKernelChoice<TSimd, TVector>.For(rows, columns);
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

    /// <summary>Called before the runs of a piece are listed, for rows [row, row + rows).</summary>
    protected virtual void BeginPiece(ReductionPiece piece, int row, int rows, float* work)
    {
    }

    /// <summary>Lists the runs of neighbouring pixels that make up some pixels of a piece; there are at most as many as pixels.</summary>
    protected abstract int ListRuns(ReductionPiece piece, int firstPixel, int pixels, float* work, PixelRun* runs);

    /// <summary>Writes the right operand as (pixels x Kernel.Columns); columns that there are not may be anything.</summary>
    protected abstract void PackRight(int firstPixel, int pixels, int column, int columns, float* panel);

    /// <summary>Puts finished sums (rows x Kernel.Columns), of which some columns count, into a root's gradient.</summary>
    protected abstract void Emit(float* sums, int row, int rows, int column, int columns, float* target);

    private void ReduceByPiece()
    {
        (_blockRowPanels, _blockColumnPanels) = (RowPanels, ColumnPanels);
        _shared = scratch.Shared(Plan.Count * BlockElements);
        EnsureOwn(0);
        team.Run(this, Plan.Count);
        _fold.Execute(Plan, _shared, checked((int)BlockElements));
        for (var i = 0; i < Plan.Count; i++)
        {
            if (Plan.IsFirstOfRoot(i))
            {
                EmitBlock(_shared + (i * BlockElements), new Block(0, RowPanels, 0, ColumnPanels), _targets[Plan[i].Root]);
            }
        }
    }

    private void ReduceByBlock()
    {
        _blockRowPanels = Math.Min(RowPanels, Math.Max(1, BlockRows / Kernel.Rows));
        _blockColumnPanels = Math.Min(ColumnPanels, BlockColumns / Kernel.Columns);
        _shared = scratch.Shared((long)Plan.Pixels * PaddedColumns);
        EnsureOwn(Plan.StackDepth * BlockElements);
        _packing.Owner = this;
        team.Run(_packing, Plan.Count);
        team.Run(this, Blocks(RowPanels, _blockRowPanels) * Blocks(ColumnPanels, _blockColumnPanels));
    }

    private void EnsureOwn(long stack) =>
        scratch.EnsureOwn(GradientKernel.LargestTile + RunElements + RightElements + stack + PieceWork);

    private static int Blocks(int panels, int blockPanels) => (panels + blockPanels - 1) / blockPanels;

    private void WalkPieces(int index, int thread)
    {
        var across = Blocks(ColumnPanels, _blockColumnPanels);
        var (row, column) = (index / across * _blockRowPanels, index % across * _blockColumnPanels);
        var block = new Block(row, Math.Min(_blockRowPanels, RowPanels - row), column, Math.Min(_blockColumnPanels, ColumnPanels - column));
        var stack = scratch.Own(thread) + GradientKernel.LargestTile + RunElements;
        var elements = block.RowPanels * block.ColumnPanels * Kernel.Tile;
        for (var (i, top) = (0, 0); i < Plan.Count; i++)
        {
            AddPiece(Plan[i], block, thread, stack + (top++ * BlockElements));
            for (var fold = 0; fold < Plan[i].Folds; fold++, top--)
            {
                Vectors<TSimd, TVector>.AddTo(stack + ((top - 2) * BlockElements), stack + ((top - 1) * BlockElements), elements);
            }

            if (i + 1 == Plan.Count || Plan.IsFirstOfRoot(i + 1))
            {
                top = 0;
                EmitBlock(stack, block, _targets[Plan[i].Root]);
            }
        }
    }

    /// <summary>sums (=) the chains over one piece, added in order.</summary>
    private void AddPiece(ReductionPiece piece, Block block, int thread, float* sums)
    {
        var tile = scratch.Own(thread);
        var runs = (PixelRun*)(tile + GradientKernel.LargestTile);
        var right = tile + GradientKernel.LargestTile + RunElements;
        var work = right + RightElements + (_byPiece ? 0 : Plan.StackDepth * BlockElements);
        var row = block.Row * Kernel.Rows;
        BeginPiece(piece, row, Math.Min(block.RowPanels * Kernel.Rows, Rows - row), work);
        for (var done = 0; done < piece.Pixels; done += ChainLength)
        {
            var (first, pixels) = (piece.FirstPixel + done, Math.Min(ChainLength, piece.Pixels - done));
            var count = ListRuns(piece, first, pixels, work, runs);
            if (_byPiece)
            {
                PackAllRight(first, pixels, right);
            }
            else
            {
                right = _shared + ((long)first * PaddedColumns);
            }

            for (var panel = 0; panel < block.ColumnPanels; panel++)
            {
                var panelSums = sums + ((long)panel * block.RowPanels * Kernel.Tile);
                var packed = right + ((long)(block.Column + panel) * Kernel.Columns * pixels);
                MultiplyPanel(block, runs, count, packed, done == 0 ? null : tile, panelSums);
            }
        }
    }

    /// <param name="tile">Null for the first chain of a piece, whose sums are written in place; later ones are added.</param>
    private void MultiplyPanel(Block block, PixelRun* runs, int count, float* right, float* tile, float* sums)
    {
        var offsets = Offsets + (block.Row * Kernel.Rows);
        for (var row = 0; row < block.RowPanels; row++, offsets += Kernel.Rows, sums += Kernel.Tile)
        {
            Kernel.Run(runs, count, Step, offsets, right, tile == null ? sums : tile);
            if (tile != null)
            {
                Vectors<TSimd, TVector>.AddTo(sums, tile, Kernel.Tile);
            }
        }
    }

    private void EmitBlock(float* sums, Block block, float* target)
    {
        var row = block.Row * Kernel.Rows;
        var rows = Math.Min(block.RowPanels * Kernel.Rows, Rows - row);
        for (var panel = 0; panel < block.ColumnPanels; panel++, sums += (long)block.RowPanels * Kernel.Tile)
        {
            var column = (block.Column + panel) * Kernel.Columns;
            Emit(sums, row, rows, column, Math.Min(Kernel.Columns, Columns - column), target);
        }
    }

    private void PackAllRight(int firstPixel, int pixels, float* target)
    {
        for (var column = 0; column < Columns; column += Kernel.Columns, target += (long)pixels * Kernel.Columns)
        {
            PackRight(firstPixel, pixels, column, Math.Min(Kernel.Columns, Columns - column), target);
        }
    }

    /// <summary>Part of a gradient in panels.</summary>
    private readonly record struct Block(int Row, int RowPanels, int Column, int ColumnPanels);

    private sealed class RightPacking : ParallelWork
    {
        public WeightGradient<TSimd, TVector>? Owner { get; set; }

        public override void Run(int piece, int thread)
        {
            var owner = Owner!;
            var (first, pixels) = (owner.Plan[piece].FirstPixel, owner.Plan[piece].Pixels);
            for (var done = 0; done < pixels; done += ChainLength)
            {
                var target = owner._shared + ((long)(first + done) * owner.PaddedColumns);
                owner.PackAllRight(first + done, Math.Min(ChainLength, pixels - done), target);
            }
        }
    }
}
