using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Canonical;

/// <summary>
/// Folds the parts of a batch norm group that several members share, from the roots up to the group: the upper part of the tree that a member with the whole group walks.
/// On the host, for every device; a root without samples is absent.
/// </summary>
internal sealed class PartsFold
{
    private float[] _rows = [];
    private GroupParts? _parts;
    private int _pixels;

    /// <summary>The values of the group that a part belongs to.</summary>
    /// <param name="pixels">Values per channel of a sample.</param>
    /// <param name="values">Receives means and sums of squared deviations, or backward the two sums: those of all channels, twice.</param>
    public void Fold(GroupParts parts, int part, int pixels, Span<float> values)
    {
        (_parts, _pixels) = (parts, pixels);
        if (_rows.Length < parts.Parts.Count * parts.PartElements)
        {
            _rows = new float[parts.Parts.Count * parts.PartElements];
        }

        var group = parts.Parts[part].Group;
        for (var i = 0; i < parts.Parts.Count; i++)
        {
            parts.ValuesOf(i).Span.CopyTo(Row(i));
        }

        Row(Node(group.Lo, group.Hi).Row).CopyTo(values);
    }

    private Span<float> Row(int part) => _rows.AsSpan(part * _parts!.PartElements, _parts.PartElements);

    /// <summary>The row that holds a node's values, and how many values per channel are behind it; none: absent.</summary>
    private (int Row, long Count) Node(int lo, int hi)
    {
        if (_parts!.IndexOf(new ShardRange(lo, hi)) is var own and >= 0)
        {
            return (own, (long)_parts.Parts[own].Samples * _pixels);
        }

        if (!HasParts(lo, hi))
        {
            return default;
        }

        var split = ShardTree.SplitPoint(lo, hi);
        var (left, right) = (Node(lo, split), Node(split, hi));
        if (left.Count == 0 || right.Count == 0)
        {
            return left.Count == 0 ? right : left;
        }

        Join(Row(left.Row), Row(right.Row), left.Count, right.Count);
        return (left.Row, left.Count + right.Count);
    }

    private bool HasParts(int lo, int hi)
    {
        for (var i = 0; i < _parts!.Parts.Count; i++)
        {
            if (lo <= _parts.Parts[i].Root.Lo && _parts.Parts[i].Root.Hi <= hi)
            {
                return true;
            }
        }

        return false;
    }

    private void Join(Span<float> left, ReadOnlySpan<float> right, long leftCount, long rightCount)
    {
        if (_parts!.IsBackward)
        {
            for (var i = 0; i < left.Length; i++)
            {
                left[i] += right[i];
            }

            return;
        }

        var (share, weight, channels) = (MomentWeights.Share(leftCount, rightCount), MomentWeights.Weight(leftCount, rightCount), left.Length / 2);
        for (var i = 0; i < channels; i++)
        {
            MomentWeights.Join(ref left[i], ref left[channels + i], right[i], right[channels + i], share, weight);
        }
    }
}
