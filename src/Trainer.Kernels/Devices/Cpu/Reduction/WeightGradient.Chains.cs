using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Reduction;

/// <summary>How chains become sums: what a thread does in either schedule.</summary>
internal abstract unsafe partial class WeightGradient<TSimd, TVector>
{
    private static int ChainsOf(ReductionPiece piece) => (piece.Pixels + ChainLength - 1) / ChainLength;

    /// <summary>Chain <paramref name="index"/> of a piece.</summary>
    private static GradientChain ChainOf(ReductionPiece piece, int index)
    {
        var done = index * ChainLength;
        return new GradientChain
        {
            FirstPixel = piece.FirstPixel + done,
            Pixels = Math.Min(ChainLength, piece.Pixels - done),
            Folds = (index > 0 ? 1 : 0) + (done + ChainLength >= piece.Pixels ? piece.Folds : 0),
        };
    }

    /// <summary>sums (=) the chains over one piece, added in order.</summary>
    private void SumPiece(ReductionPiece piece, Block block, in OwnMemory memory, float* sums)
    {
        var (row, column) = (block.Row * Kernel.Rows, block.Column * Kernel.Columns);
        BeginPixels(piece.FirstPixel, piece.Pixels, row, Math.Min(block.RowPanels * Kernel.Rows, Rows - row), memory.Images);
        for (var index = 0; index < ChainsOf(piece); index++)
        {
            var chain = ChainOf(piece with { Folds = 0 }, index);
            chain.Left = memory.Left;
            chain.Right = memory.Right;
            Pack(chain, column, Math.Min(Columns, column + (block.ColumnPanels * Kernel.Columns)));
            memory.Chains[0] = chain;
            ListRuns(piece.FirstPixel, 1, memory);
            SumBlock(1, block, Math.Min(index, 1), memory, sums);
        }
    }

    /// <summary>A block of the gradient over all chains: as many at once as have a chain's length together.</summary>
    private void WalkPieces(Block block, in OwnMemory memory)
    {
        var (count, pixels, top) = (0, 0, 0);
        for (var i = 0; i < Plan.Count; i++)
        {
            for (var part = 0; part < ChainsOf(Plan[i]); part++)
            {
                var chain = ChainOf(Plan[i], part);
                if (pixels + chain.Pixels > ChainLength)
                {
                    top = SumChains(count, pixels, block, top, memory);
                    (count, pixels) = (0, 0);
                }

                memory.Chains[count++] = InShared(chain);
                pixels += chain.Pixels;
            }

            if (i + 1 == Plan.Count || Plan.IsFirstOfRoot(i + 1))
            {
                SumChains(count, pixels, block, top, memory);
                EmitBlock(memory.Stack, block, _targets[Plan[i].Root]);
                (count, pixels, top) = (0, 0, 0);
            }
        }
    }

    private int SumChains(int count, int pixels, Block block, int top, in OwnMemory memory)
    {
        var (first, row) = (memory.Chains[0].FirstPixel, block.Row * Kernel.Rows);
        BeginPixels(first, pixels, row, Math.Min(block.RowPanels * Kernel.Rows, Rows - row), memory.Images);
        ListRuns(first, count, memory);
        return SumBlock(count, block, top, memory, memory.Stack);
    }

    private void ListRuns(int begun, int count, in OwnMemory memory)
    {
        var runs = memory.Runs;
        for (var chain = memory.Chains; chain < memory.Chains + count && !_packsLeft; chain++)
        {
            chain->Runs = runs;
            chain->RunCount = ListRuns(begun, chain->FirstPixel, chain->Pixels, memory.Images, runs);
            runs += chain->RunCount;
        }
    }

    /// <summary>Takes the tiles of a block through some chains.</summary>
    /// <param name="top">How many sums there are on the stack.</param>
    /// <returns>How many there are afterwards.</returns>
    private int SumBlock(int count, Block block, int top, in OwnMemory memory, float* stack)
    {
        var after = top;
        for (var panel = 0; panel < block.ColumnPanels; panel++)
        {
            var sums = stack + ((long)panel * _blockRowPanels * Kernel.Tile);
            for (var row = 0; row < block.RowPanels; row++, sums += Kernel.Tile)
            {
                after = SumTile(memory.Chains, count, block, row, (block.Column + panel) * Kernel.Columns, top, memory.Tiles, sums);
            }
        }

        return after;
    }

    /// <summary>One tile through some chains; the newest sums, theirs, are in the first-level cache until nothing is left to fold.</summary>
    /// <param name="row">Panel of the block.</param>
    private int SumTile(GradientChain* chain, int count, Block block, int row, nint column, int top, float* tiles, float* stack)
    {
        if (count == 1 && chain->Folds == 0)
        {
            RunKernel(*chain, block.Row + row, column, stack + (top * BlockElements));
            return top + 1;
        }

        var older = top;
        var newer = tiles;
        for (var end = chain + count; chain < end; chain++)
        {
            RunKernel(*chain, block.Row + row, column, newer);
            newer += Kernel.Tile;
            for (var fold = chain->Folds; fold > 0; fold--)
            {
                var isOlder = newer == tiles + Kernel.Tile;
                newer -= isOlder ? 0 : Kernel.Tile;
                Vectors<TSimd, TVector>.AddTo(newer - Kernel.Tile, isOlder ? stack + (--older * BlockElements) : newer, Kernel.Tile);
            }
        }

        for (var sums = tiles; sums < newer; sums += Kernel.Tile, older++)
        {
            Packing.CopyShort(sums, stack + (older * BlockElements), Kernel.Tile);
        }

        return older;
    }

    private void RunKernel(in GradientChain chain, int rowPanel, nint column, float* sums)
    {
        var right = chain.Right + (column * chain.Pixels);
        if (_packsLeft)
        {
            Kernel.RunPacked(chain.Pixels, chain.Left + ((nint)rowPanel * chain.Pixels * Kernel.Rows), right, sums);
        }
        else
        {
            Kernel.Run(chain.Runs, chain.RunCount, Step, Offsets + (rowPanel * Kernel.Rows), right, sums);
        }
    }

    private GradientChain InShared(GradientChain chain)
    {
        chain.Right = _shared + ((long)chain.FirstPixel * PaddedColumns);
        chain.Left = _shared + ((long)Plan.Pixels * PaddedColumns) + ((long)chain.FirstPixel * PaddedRows);
        return chain;
    }

    /// <summary>Columns [first, end) of the right operand, each where it lies among all, and the left one.</summary>
    private void Pack(in GradientChain chain, int first, int end)
    {
        var begin = (nint)(chain.Right + ((nint)first * chain.Pixels));
        for (var (column, panel) = (first, begin); column < end; column += Kernel.Columns)
        {
            PackRight(chain.FirstPixel, chain.Pixels, column, Math.Min(Kernel.Columns, Columns - column), (float*)panel);
            panel += (nint)chain.Pixels * Kernel.Columns * sizeof(float);
        }

        if (_packsLeft)
        {
            PackLeft(chain.FirstPixel, chain.Pixels, chain.Left);
        }
    }

    private OwnMemory MemoryOf(int thread)
    {
        var memory = new OwnMemory { Tiles = scratch.Own(thread) };
        memory.Chains = (GradientChain*)(memory.Tiles + TileElements);
        memory.Runs = (PixelRun*)((float*)memory.Chains + ChainElements);
        memory.Left = (float*)memory.Runs + RunElements;
        memory.Right = memory.Left + LeftElements;
        memory.Stack = memory.Right + RightElements;
        memory.Images = memory.Stack + StackElements;
        return memory;
    }

    /// <summary>The parts of a thread's scratch memory.</summary>
    private struct OwnMemory
    {
        public float* Tiles;
        public GradientChain* Chains;
        public PixelRun* Runs;
        public float* Left;
        public float* Right;
        public float* Stack;
        public float* Images;
    }
}
