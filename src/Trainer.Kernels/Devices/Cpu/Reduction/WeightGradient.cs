using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Reduction;

/// <summary>
/// dw (rows x columns) = the sum over the pixels of the local samples of dy[pixel, row] x patch[pixel, column]: per piece of the
/// <see cref="ReductionPlan"/> a product in Form C, folded along its trees.
/// </summary>
/// <remarks>
/// Two schedules with the same bits. Small gradients: a piece of work is a piece of the plan, whose product goes to memory, and a
/// <see cref="TreeFold{TSimd,TVector}"/> follows. Large ones: a piece of work is a block of columns, for which one thread walks all
/// pieces with a stack of partial blocks, while dy is packed once for all of them.
/// </remarks>
internal abstract unsafe class WeightGradient<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    public const int ChainLength = 512;

    /// <summary>The most elements of partial sums that are written to memory: 16 MiB.</summary>
    private const long MostPartials = 4 << 20;

    /// <summary>Columns of a block of a large gradient, about; a chain of packed patches (512 x 96) is then 192 KiB.</summary>
    private const int BlockColumns = 96;

    private readonly TreeFold<TSimd, TVector> _fold = new(team);
    private readonly LeftPacking _packing = new();
    private float** _targets;
    private int _blockColumns;
    private bool _byPiece;
    private float* _shared;

    protected ReductionPlan Plan { get; private set; } = new();

    protected MicroKernel Kernel { get; private set; }

    protected int Rows { get; private set; }

    protected int Columns { get; private set; }

    /// <summary>Elements of memory that a piece's patches need besides the panels.</summary>
    protected virtual long PieceWork => 0;

    protected void Reduce(ReductionPlan plan, int rows, int columns, float** targets)
    {
        Plan = plan;
        Rows = rows;
        Columns = columns;
        _targets = targets;
        Kernel = MicroKernelChoice<TSimd, TVector>.For(rows, columns);
        _byPiece = (long)plan.Count * rows * columns <= MostPartials;
        if (_byPiece)
        {
            ReduceByPiece();
        }
        else
        {
            ReduceByBlock();
        }
    }

    /// <summary>Called before the patches of a piece are packed for columns [column, column + columns).</summary>
    protected virtual void BeginPiece(ReductionPiece piece, int column, int columns, float* work)
    {
    }

    /// <summary>Writes dy as (pixels x Kernel.Rows) for rows from <paramref name="row"/> on; rows that dy has not are +0.</summary>
    protected abstract void PackLeft(int firstPixel, int pixels, int row, int rows, float* panel);

    /// <summary>Writes patches as (pixels x Kernel.Columns); columns that there are not may be anything.</summary>
    protected abstract void PackRight(ReductionPiece piece, int firstPixel, int pixels, int column, int columns, float* work, float* panel);

    private int PaddedBlock => Kernel.PaddedColumns(_blockColumns);

    private long LeftElements => _byPiece ? (long)ChainLength * Kernel.PaddedRows(Rows) : 0;

    private long RightElements => ((long)ChainLength * PaddedBlock) + CpuMemory.Slack;

    private void ReduceByPiece()
    {
        _blockColumns = Columns;
        _shared = scratch.Shared((long)Plan.Count * Rows * Columns);
        EnsureOwn(0);
        team.Run(this, Plan.Count);
        _fold.Execute(Plan, _shared, Rows * Columns, Rows * Columns, _targets);
    }

    private void ReduceByBlock()
    {
        _blockColumns = Math.Min(Kernel.PaddedColumns(Columns), Math.Max(Kernel.Columns, BlockColumns / Kernel.Columns * Kernel.Columns));
        _shared = scratch.Shared((long)Plan.Pixels * Kernel.PaddedRows(Rows));
        EnsureOwn((long)Plan.StackDepth * Rows * _blockColumns);
        _packing.Owner = this;
        team.Run(_packing, Plan.Count);
        team.Run(this, (Columns + _blockColumns - 1) / _blockColumns);
    }

    private void EnsureOwn(long stack) =>
        scratch.EnsureOwn(MicroKernel.LargestTile + CpuMemory.Slack + LeftElements + RightElements + PieceWork + stack);

    public sealed override void Run(int piece, int thread)
    {
        if (_byPiece)
        {
            MultiplyPiece(Plan[piece], 0, Columns, scratch.Own(thread), _shared + ((long)piece * Rows * Columns), Columns);
        }
        else
        {
            WalkPieces(piece * _blockColumns, thread);
        }
    }

    private void WalkPieces(int column, int thread)
    {
        var own = scratch.Own(thread);
        var columns = Math.Min(_blockColumns, Columns - column);
        var level = (long)Rows * _blockColumns;
        var stack = own + MicroKernel.LargestTile + CpuMemory.Slack + RightElements + PieceWork;
        for (var (i, top) = (0, 0); i < Plan.Count; i++)
        {
            var piece = Plan[i];
            MultiplyPiece(piece, column, columns, own, stack + (top++ * level), _blockColumns);
            for (var fold = 0; fold < piece.Folds; fold++, top--)
            {
                Vectors<TSimd, TVector>.AddTo(stack + ((top - 2) * level), stack + ((top - 1) * level), (int)level);
            }

            if (i + 1 == Plan.Count || Plan[i + 1].Root != piece.Root)
            {
                top = 0;
                Packing.CopyBlock(stack, _blockColumns, Rows, columns, _targets[piece.Root] + column, Columns);
            }
        }
    }

    /// <summary>sums (Rows x columns, <paramref name="stride"/> apart) = the product over one piece, chain by chain.</summary>
    private void MultiplyPiece(ReductionPiece piece, int column, int columns, float* own, float* sums, int stride)
    {
        var left = own + MicroKernel.LargestTile + CpuMemory.Slack;
        var right = left + LeftElements;
        var work = right + RightElements;
        BeginPiece(piece, column, columns, work);
        for (var done = 0; done < piece.Pixels; done += ChainLength)
        {
            var (first, pixels) = (piece.FirstPixel + done, Math.Min(ChainLength, piece.Pixels - done));
            for (var c = 0; c < columns; c += Kernel.Columns)
            {
                PackRight(piece, first, pixels, column + c, Math.Min(Kernel.Columns, columns - c), work, right + ((long)c * pixels));
            }

            if (_byPiece)
            {
                PackAllLeft(first, pixels, left);
            }
            else
            {
                left = _shared + ((long)first * Kernel.PaddedRows(Rows));
            }

            MultiplyChain(left, right, pixels, columns, own, sums, stride, done != 0);
        }
    }

    private void MultiplyChain(float* left, float* right, int pixels, int columns, float* tile, float* sums, int stride, bool addPrior)
    {
        var steps = new EpilogueSteps(addPrior, Activation.None);
        for (var row = 0; row < Rows; row += Kernel.Rows, left += (long)pixels * Kernel.Rows)
        {
            for (var column = 0; column < columns; column += Kernel.Columns)
            {
                Kernel.Run(pixels, left, right + ((long)column * pixels), tile);
                var count = Math.Min(Kernel.Columns, columns - column);
                for (var r = 0; r < Math.Min(Kernel.Rows, Rows - row); r++)
                {
                    var target = sums + ((long)(row + r) * stride) + column;
                    Epilogue<TSimd, TVector>.Write(tile + (r * Kernel.Columns), target, count, steps, null, 0, null);
                }
            }
        }
    }

    private void PackAllLeft(int firstPixel, int pixels, float* target)
    {
        for (var row = 0; row < Rows; row += Kernel.Rows, target += (long)pixels * Kernel.Rows)
        {
            PackLeft(firstPixel, pixels, row, Math.Min(Kernel.Rows, Rows - row), target);
        }
    }

    private void PackPieceLeft(ReductionPiece piece)
    {
        for (var done = 0; done < piece.Pixels; done += ChainLength)
        {
            var first = piece.FirstPixel + done;
            PackAllLeft(first, Math.Min(ChainLength, piece.Pixels - done), _shared + ((long)first * Kernel.PaddedRows(Rows)));
        }
    }

    private sealed class LeftPacking : ParallelWork
    {
        public WeightGradient<TSimd, TVector>? Owner { get; set; }

        public override void Run(int piece, int thread) => Owner!.PackPieceLeft(Owner.Plan[piece]);
    }
}
