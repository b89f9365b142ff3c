using System.Numerics;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>
/// Form C of the canonical arithmetic: one chain of fused multiply-adds from +0, k ascending; blocks of 512 k,
/// the blocks added in ascending order to the first.
/// </summary>
public struct FormC
{
    public const int BlockLength = 512;

    private float _total;
    private float _chain;
    private int _length;
    private bool _hasTotal;

    public void Add(float a, float b)
    {
        if (_length == BlockLength)
        {
            Close();
        }

        _chain = MathF.FusedMultiplyAdd(a, b, _chain);
        _length++;
    }

    public readonly float Value => _hasTotal ? _total + _chain : _chain;

    private void Close()
    {
        (_total, _hasTotal) = (Value, true);
        (_chain, _length) = (0, 0);
    }
}

/// <summary>
/// Form L of the canonical arithmetic: 16 virtual lanes from +0, lane k mod 16, folded 8, 4, 2, 1 (lane i takes in lane
/// i + 8, and so on); no blocks.
/// </summary>
public static class FormL
{
    public const int Lanes = 16;

    public static T Fold<T>(Span<T> lanes)
        where T : struct, IAdditionOperators<T, T, T>
    {
        for (var half = Lanes / 2; half > 0; half /= 2)
        {
            for (var i = 0; i < half; i++)
            {
                lanes[i] += lanes[i + half];
            }
        }

        return lanes[0];
    }
}

/// <summary>
/// Rule 4 of the canonical arithmetic: sums over samples are cut into pieces, one chain each, which are folded along a
/// binary tree over the pieces of a shard and then over the shards of a root.
/// </summary>
public static class CanonicalTree
{
    public const int PiecePixels = 1024;

    /// <summary>
    /// The pieces of a shard of <paramref name="samples"/> samples with P x Q output pixels each, as runs of the shard's
    /// pixels (sample by sample, row by row): as many whole samples as make up to 1,024 pixels, or, where one sample has
    /// more, as many of its rows (at least one).
    /// </summary>
    public static IReadOnlyList<(int First, int Count)> Pieces(int samples, int p, int q, int piecePixels = PiecePixels)
    {
        var pixels = p * q;
        var pieces = new List<(int, int)>();
        if (pixels <= piecePixels)
        {
            var length = piecePixels / pixels * pixels;
            for (var first = 0; first < samples * pixels; first += length)
            {
                pieces.Add((first, Math.Min(length, (samples * pixels) - first)));
            }

            return pieces;
        }

        var run = Math.Max(1, piecePixels / q) * q;
        for (var sample = 0; sample < samples; sample++)
        {
            for (var first = 0; first < pixels; first += run)
            {
                pieces.Add(((sample * pixels) + first, Math.Min(run, pixels - first)));
            }
        }

        return pieces;
    }

    /// <summary>
    /// The sum of one element of a gradient over the samples of <paramref name="root"/>. <paramref name="piece"/> gives the
    /// chain over <c>count</c> pixels from pixel <c>first</c> of the local batch on. Null when the root has no samples.
    /// </summary>
    public static float? OverRoot(BatchSlice slice, ShardRange root, int p, int q, Func<int, int, float> piece, int piecePixels = PiecePixels)
    {
        var local = LocalFirst(slice, root) - slice.FirstPosition(root.Lo);
        return Fold(root.Lo, root.Hi, shard =>
        {
            var pieces = Pieces(slice.ShardSamples(shard), p, q, piecePixels);
            var first = (local + slice.FirstPosition(shard)) * p * q;
            return Fold(0, pieces.Count, i => piece(first + pieces[i].First, pieces[i].Count));
        });
    }

    /// <summary>Index in the local batch of a root's first sample.</summary>
    public static int LocalFirst(BatchSlice slice, ShardRange root) =>
        slice.Roots.TakeWhile(r => r != root).Sum(slice.RootSamples);

    /// <summary>The tree over leaves [lo, hi), split at lo + the largest power of two below hi - lo. An absent child is not +0.</summary>
    public static float? Fold(int lo, int hi, Func<int, float?> leaf)
    {
        if (hi - lo <= 1)
        {
            return hi == lo ? null : leaf(lo);
        }

        var split = ShardTree.SplitPoint(lo, hi);
        var (left, right) = (Fold(lo, split, leaf), Fold(split, hi, leaf));
        return left is null ? right : right is null ? left : left + right;
    }
}
