using ILGPU;
using ILGPU.Runtime;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Gpu.Tiles;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Gpu.Reduction;

/// <summary>The sums of one subtree root: its pieces, [First, First + Count) of the plan; and where its additions begin.</summary>
internal readonly record struct RootPieces(int Root, int First, int Count, int FirstAddition);

/// <summary>
/// A <see cref="ReductionPlan"/> in device memory. Kernels write the sum of piece i to slot i of a scratch buffer (or, where there is one piece, to where the
/// result belongs), and <see cref="TreeFoldKernels"/> adds slots along the trees.
/// </summary>
/// <remarks>
/// The table holds four integers for each piece: root, first pixel, pixels, number of additions that it completes. Behind them stand, for all additions
/// in order, the slots of the left operands; the right one is always the newest sum.
/// </remarks>
internal sealed class GpuReduction : IDisposable
{
    public const int PieceStride = 4;

    private readonly ReductionPiece[] _pieces;
    private readonly MemoryBuffer1D<int, Stride1D.Dense>? _table;

    public GpuReduction(Accelerator accelerator, BatchSlice slice, int rows, int columns, int piecePixels)
    {
        var plan = new ReductionPlan();
        plan.Describe(slice, rows, columns, piecePixels);
        (Count, LongestPiece, Pixels) = (plan.Count, plan.LongestPiece, plan.Pixels);
        var (table, lefts, roots) = (new List<int>(), new List<int>(), new List<RootPieces>());
        var stack = new Stack<int>();
        for (var i = 0; i < plan.Count; i++)
        {
            if (plan.IsFirstOfRoot(i))
            {
                stack.Clear();
                roots.Add(new RootPieces(plan[i].Root, i, 0, lefts.Count));
            }

            roots[^1] = roots[^1] with { Count = roots[^1].Count + 1 };
            table.AddRange([plan[i].Root, plan[i].FirstPixel, plan[i].Pixels, plan[i].Folds]);
            stack.Push(i);
            for (var fold = 0; fold < plan[i].Folds; fold++)
            {
                stack.Pop();
                lefts.Add(stack.Peek());
            }
        }

        (Roots, _pieces) = (roots, [.. Enumerable.Range(0, plan.Count).Select(i => plan[i])]);
        if (plan.Count > 0)
        {
            _table = accelerator.Allocate1D<int>(table.Count + Math.Max(1, lefts.Count));
            _table.View.SubView(0, table.Count).CopyFromCPU([.. table]);
            _table.View.SubView(table.Count, Math.Max(1, lefts.Count)).CopyFromCPU(lefts.Count == 0 ? [0] : [.. lefts]);
        }
    }

    /// <summary>Number of pieces, of all roots.</summary>
    public int Count { get; }

    public int LongestPiece { get; }

    /// <summary>Of all local samples.</summary>
    public int Pixels { get; }

    /// <summary>The roots that have samples.</summary>
    public IReadOnlyList<RootPieces> Roots { get; }

    /// <summary><see cref="PieceStride"/> integers for each piece; none where no root has samples.</summary>
    public ArrayView<int> Pieces => _table is null ? default : _table.View.BaseView.SubView(0, (long)Count * PieceStride);

    /// <summary>Slots of left operands.</summary>
    public ArrayView<int> Lefts => _table is null ? default : _table.View.BaseView.SubView((long)Count * PieceStride);

    /// <summary>The ranges of pixels of a root's pieces, for a batch of products with one piece each.</summary>
    public TileRange Range(RootPieces pieces) =>
        new(0, Pieces.SubView((long)pieces.First * PieceStride, (long)pieces.Count * PieceStride), PieceStride, 1, 1);

    /// <summary>The first pixel of a run of pieces, and the pixels of all of them.</summary>
    public (int First, int Count) PixelsOf(RootPieces pieces)
    {
        var (first, last) = (_pieces[pieces.First], _pieces[pieces.First + pieces.Count - 1]);
        return (first.FirstPixel, last.FirstPixel + last.Pixels - first.FirstPixel);
    }

    public void Dispose() => _table?.Dispose();
}

/// <summary>The reductions that a device has met, by slice and shape: a job has few, and each stays.</summary>
internal sealed class GpuReductions(Accelerator accelerator) : IDisposable
{
    private readonly List<(Key Key, GpuReduction Reduction)> _known = [];

    /// <param name="rows">Of output pixels per sample.</param>
    /// <param name="piecePixels">Pixels of a piece at most, unless one row has more.</param>
    public GpuReduction Of(BatchSlice slice, int rows, int columns, int piecePixels = ReductionPlan.PiecePixels)
    {
        foreach (var (key, reduction) in _known)
        {
            if (key.Is(slice, rows, columns, piecePixels))
            {
                return reduction;
            }
        }

        var created = new GpuReduction(accelerator, slice, rows, columns, piecePixels);
        _known.Add((new Key(slice, rows, columns, piecePixels), created));
        return created;
    }

    public void Dispose() => _known.ForEach(known => known.Reduction.Dispose());

    private readonly record struct Key(BatchSlice Slice, int Rows, int Columns, int PiecePixels)
    {
        public bool Is(BatchSlice slice, int rows, int columns, int piecePixels) =>
            (Rows, Columns, PiecePixels) == (rows, columns, piecePixels)
            && (ReferenceEquals(Slice, slice)
                || (Slice.Samples == slice.Samples && Slice.Shards == slice.Shards && Slice.Roots.SequenceEqual(slice.Roots)));
    }
}
