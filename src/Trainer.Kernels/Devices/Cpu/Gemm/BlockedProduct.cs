using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Gemm;

/// <summary>Neighbouring columns of a product that one piece of work computes, and the memory it may use for them.</summary>
internal readonly unsafe struct ColumnBlock(int first, int count, float* work)
{
    public int First { get; } = first;

    public int Count { get; } = count;

    /// <summary>What <see cref="BlockedProduct{TSimd,TVector}.BlockWork"/> asked for.</summary>
    public float* Work { get; } = work;
}

/// <summary>Where a tile lies in the product.</summary>
internal readonly record struct TilePlace(int Row, int Rows, int Column, int Columns);

/// <summary>
/// C (rows x columns) = A (rows x depth) B (depth x columns) in Form C. A is packed once, shared by all threads; a piece of work
/// is a block of columns, whose part of B is packed a block of 512 k at a time so that it stays in the second-level cache. Where that
/// makes too few pieces for all threads, a block has some of the rows only, and others pack its part of B as well.
/// </summary>
/// <remarks>What A, B and C are (weights, implicit im2col, images, ...) is up to the derived operation.</remarks>
internal abstract unsafe class BlockedProduct<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Length of a chain of Form C.</summary>
    public const int ChainLength = 512;

    /// <summary>Elements of packed B per block: 256 KiB, a quarter of a second-level cache.</summary>
    private const int PackedElements = 65_536;

    /// <summary>Blocks of columns, where there are so many.</summary>
    private const int LeastBlocks = 16;

    private readonly PanelPacking _packing = new();
    private int _depth;
    private int _blockColumns;
    private int _columnBlocks;
    private int _blockPanels;
    private float* _a;

    protected MicroKernel Kernel { get; private set; }

    protected int Rows { get; private set; }

    protected int Columns { get; private set; }

    /// <summary>Elements of memory that a block of columns needs besides the panels.</summary>
    protected virtual long BlockWork(int columns) => 0;

    /// <summary>Columns that are best kept in one block, e.g. the pixels of a sample.</summary>
    protected virtual int ColumnUnit => 1;

    /// <summary>Called once per block of columns, before its panels are packed.</summary>
    protected virtual void BeginBlock(ColumnBlock block)
    {
    }

    /// <summary>Writes A[row.., k..] as (depth x Kernel.Rows); rows that A has not are +0.</summary>
    protected abstract void PackA(int row, int rows, int k, int depth, float* panel);

    /// <summary>Writes B[k.., column..] as (depth x Kernel.Columns); columns that B has not may be anything.</summary>
    protected abstract void PackB(ColumnBlock block, int column, int columns, int k, int depth, float* panel);

    /// <summary>Packs all columns of a block, panel by panel.</summary>
    protected virtual void PackPanels(ColumnBlock block, int k, int depth, float* panels)
    {
        for (var column = 0; column < block.Count; column += Kernel.Columns)
        {
            PackB(block, block.First + column, Math.Min(Kernel.Columns, block.Count - column), k, depth, panels + ((long)column * depth));
        }
    }

    /// <summary>Takes a tile, Kernel.Columns elements a row, and, unless null, what is to be added to it first.</summary>
    protected abstract void Store(float* tile, float* prior, TilePlace place);

    protected void Multiply(int rows, int columns, int depth)
    {
        (Rows, Columns, _depth) = (rows, columns, depth);
        Kernel = MicroKernelChoice<TSimd, TVector>.For(rows, columns);
        ChooseBlocks();
        _a = scratch.Shared((long)Kernel.PaddedRows(rows) * depth);
        scratch.EnsureOwn(OwnElements());
        _packing.Owner = this;
        team.Run(_packing, Kernel.Panels(rows));
        team.Run(this, _columnBlocks * Blocks(Kernel.Panels(rows), _blockPanels));
    }

    public sealed override void Run(int piece, int thread)
    {
        var tile = scratch.Own(thread);
        var panels = tile + MicroKernel.LargestTile + CpuMemory.Slack;
        var (rowBlock, columnBlock) = Math.DivRem(piece, _columnBlocks);
        var first = columnBlock * _blockColumns;
        var count = Math.Min(_blockColumns, Columns - first);
        var sums = panels + PanelElements();
        var block = new ColumnBlock(first, count, sums + SumElements());
        BeginBlock(block);
        for (var k = 0; k < _depth; k += ChainLength)
        {
            var depth = Math.Min(ChainLength, _depth - k);
            PackPanels(block, k, depth, panels);
            MultiplyBlock(block, rowBlock * _blockPanels * Kernel.Rows, k, depth, panels, tile, sums);
        }
    }

    /// <summary>One block of k. Chains before the last are added up in <paramref name="sums"/>, so that the target is written once.</summary>
    private void MultiplyBlock(ColumnBlock block, int firstRow, int k, int depth, float* panels, float* tile, float* sums)
    {
        var a = _a + ((long)Kernel.PaddedRows(Rows) * k) + ((long)depth * firstRow);
        var endRow = Math.Min(Rows, firstRow + (_blockPanels * Kernel.Rows));
        for (var row = firstRow; row < endRow; row += Kernel.Rows, a += (long)depth * Kernel.Rows)
        {
            for (var column = 0; column < block.Count; column += Kernel.Columns, sums += Kernel.Rows * Kernel.Columns)
            {
                var isLast = k + depth == _depth;
                Kernel.Run(depth, a, panels + ((long)column * depth), isLast || k > 0 ? tile : sums);
                if (isLast)
                {
                    var place = new TilePlace(row, Math.Min(Kernel.Rows, Rows - row), block.First + column, Math.Min(Kernel.Columns, block.Count - column));
                    Store(tile, k > 0 ? sums : null, place);
                }
                else if (k > 0)
                {
                    Vectors<TSimd, TVector>.AddTo(sums, tile, Kernel.Rows * Kernel.Columns);
                }
            }
        }
    }

    private static int Blocks(int panels, int blockPanels) => (panels + blockPanels - 1) / blockPanels;

    private void ChooseBlocks()
    {
        _blockColumns = ChooseBlockColumns();
        _columnBlocks = Blocks(Columns, _blockColumns);
        var panels = Kernel.Panels(Rows);
        _blockPanels = Blocks(panels, Math.Min(panels, Blocks(team.EnoughPieces, _columnBlocks)));
    }

    private int ChooseBlockColumns()
    {
        var fitting = Math.Max(1, PackedElements / Math.Min(_depth, ChainLength));
        var sharing = Math.Max(1, Columns / Math.Max(LeastBlocks, team.EnoughPieces));
        var columns = Math.Max(Kernel.Columns, Math.Min(fitting, sharing));
        var wholeUnits = columns / ColumnUnit * ColumnUnit;
        return ColumnUnit > 1 && wholeUnits >= 4 * Kernel.Columns ? wholeUnits : columns / Kernel.Columns * Kernel.Columns;
    }

    private long PanelElements() => ((long)Math.Min(_depth, ChainLength) * Kernel.PaddedColumns(_blockColumns)) + CpuMemory.Slack;

    private long SumElements() => _depth <= ChainLength ? 0 : (long)Kernel.PaddedRows(Rows) * Kernel.PaddedColumns(_blockColumns);

    private long OwnElements() => MicroKernel.LargestTile + CpuMemory.Slack + PanelElements() + SumElements() + BlockWork(_blockColumns);

    private void PackPanel(int panel)
    {
        var row = panel * Kernel.Rows;
        for (var k = 0; k < _depth; k += ChainLength)
        {
            var depth = Math.Min(ChainLength, _depth - k);
            var target = _a + ((long)Kernel.PaddedRows(Rows) * k) + ((long)row * depth);
            PackA(row, Math.Min(Kernel.Rows, Rows - row), k, depth, target);
        }
    }

    private sealed class PanelPacking : ParallelWork
    {
        public BlockedProduct<TSimd, TVector>? Owner { get; set; }

        public override void Run(int piece, int thread) => Owner!.PackPanel(piece);
    }
}
