using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Canonical;

/// <summary>One chain of a sum over samples: output pixels [FirstPixel, FirstPixel + Pixels) of the local batch.</summary>
/// <param name="Root">Index of the subtree root that it belongs to.</param>
/// <param name="Folds">How many times, after this piece, the two newest sums of its root are added into one.</param>
internal readonly record struct ReductionPiece(int Root, int FirstPixel, int Pixels, int Folds);

/// <summary>
/// Rule 4 of the canonical arithmetic as a program for a stack: the pieces of all local roots in order, each followed by the
/// additions of the binary trees (over the pieces of a shard, then over shards) that it completes. Absent children add nothing.
/// </summary>
internal sealed class ReductionPlan
{
    /// <summary>Output pixels of a piece at most, unless one row has more.</summary>
    public const int PiecePixels = 1024;

    private readonly List<ReductionPiece> _pieces = [];
    private int _piecePixels;
    private int _samplePixels;
    private int _rowPixels;
    private int _depth;

    public int Count => _pieces.Count;

    /// <summary>Sums that are alive at once, at most.</summary>
    public int StackDepth { get; private set; }

    /// <summary>Pixels of the longest piece.</summary>
    public int LongestPiece { get; private set; }

    public int Pixels { get; private set; }

    public ReductionPiece this[int index] => _pieces[index];

    /// <summary>Pieces of a shard with so many samples of so many pixels, where a row is one pixel.</summary>
    public static int PiecesOf(int samples, int pixels) => pixels > PiecePixels
        ? samples * CountOf(pixels, PiecePixels)
        : CountOf(samples, PiecePixels / pixels);

    public bool IsFirstOfRoot(int index) => index == 0 || _pieces[index].Root != _pieces[index - 1].Root;

    /// <summary>Plans the sums over a slice's samples with <paramref name="rows"/> x <paramref name="columns"/> output pixels each.</summary>
    /// <param name="piecePixels">Pixels of a piece at most, unless one row has more.</param>
    public void Describe(BatchSlice slice, int rows, int columns, int piecePixels = PiecePixels)
    {
        _pieces.Clear();
        _piecePixels = piecePixels;
        (_samplePixels, _rowPixels, StackDepth, LongestPiece, Pixels) = (checked(rows * columns), columns, 0, 0, 0);
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            _depth = 0;
            AddShards(slice, root, slice.Roots[root].Lo, slice.Roots[root].Hi);
        }
    }

    private bool AddShards(BatchSlice slice, int root, int lo, int hi)
    {
        if (hi - lo == 1)
        {
            return AddShard(root, slice.ShardSamples(lo));
        }

        var split = ShardTree.SplitPoint(lo, hi);
        var left = AddShards(slice, root, lo, split);
        var right = AddShards(slice, root, split, hi);
        return Join(left, right);
    }

    private bool AddShard(int root, int samples)
    {
        if (samples == 0)
        {
            return false;
        }

        var first = Pixels;
        Pixels = checked(Pixels + (samples * _samplePixels));
        if (_samplePixels <= _piecePixels)
        {
            var run = _piecePixels / _samplePixels * _samplePixels;
            return AddPieces(root, first, Pixels - first, run, 0, CountOf(Pixels - first, run));
        }

        var rows = Math.Max(1, _piecePixels / _rowPixels) * _rowPixels;
        return AddPieces(root, first, _samplePixels, rows, 0, samples * CountOf(_samplePixels, rows));
    }

    /// <summary>Pieces [lo, hi) of a shard, from pixel <paramref name="first"/> on: runs of <paramref name="run"/> pixels that end with each unit.</summary>
    private bool AddPieces(int root, int first, int unit, int run, int lo, int hi)
    {
        if (hi - lo > 1)
        {
            var split = ShardTree.SplitPoint(lo, hi);
            var left = AddPieces(root, first, unit, run, lo, split);
            return Join(left, AddPieces(root, first, unit, run, split, hi));
        }

        var perUnit = CountOf(unit, run);
        var start = (lo / perUnit * unit) + (lo % perUnit * run);
        var pixels = Math.Min(run, ((lo / perUnit) + 1) * unit - start);
        _pieces.Add(new ReductionPiece(root, first + start, pixels, 0));
        (_depth, LongestPiece) = (_depth + 1, Math.Max(LongestPiece, pixels));
        StackDepth = Math.Max(StackDepth, _depth);
        return true;
    }

    private bool Join(bool left, bool right)
    {
        if (left && right)
        {
            var last = _pieces[^1];
            _pieces[^1] = last with { Folds = last.Folds + 1 };
            _depth--;
        }

        return left || right;
    }

    private static int CountOf(int length, int run) => (length + run - 1) / run;
}
