using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Gpu.Normalization;

/// <summary>Walks the trees of a slice's roots once and writes down what a <see cref="GroupTree"/> holds.</summary>
internal sealed class TreeWalk
{
    private readonly GroupPlan _plan;
    private readonly int _pixels;
    private readonly bool _pieces;
    private readonly List<(int Level, int Left, int Right, float Share, float Weight)> _groupJoins = [];
    private int _group;

    public TreeWalk(GroupPlan plan, int pixels, bool pieces)
    {
        (_plan, _pixels, _pieces) = (plan, pixels, pieces);
        for (var root = 0; root < plan.Slice.Roots.Count; root++)
        {
            var first = Additions.Count / 2;
            var (range, isPart) = (plan.Slice.Roots[root], plan[_group].IsPart);
            if ((isPart ? OverGroup(range.Lo, range.Hi) : OverGroups(range.Lo, range.Hi)) is { } node)
            {
                Roots.Add(new RootGroups(root, first, (Additions.Count / 2) - first, node.Slot, isPart));
            }
        }

        Levels.Add(Joins.Count / 2);
    }

    public List<int> SampleGroups { get; } = [];

    public List<int> Groups { get; } = [];

    public List<int> Levels { get; } = [];

    public List<int> Joins { get; } = [];

    public List<int> Additions { get; } = [];

    public List<float> Weights { get; } = [];

    public List<float> Counts { get; } = [];

    public List<RootGroups> Roots { get; } = [];

    public int Leaves { get; private set; }

    private Node? OverGroups(int lo, int hi)
    {
        if (hi - lo <= _plan.Run && lo % _plan.Run == 0)
        {
            return OverGroup(lo, hi);
        }

        var split = ShardTree.SplitPoint(lo, hi);
        var (left, right) = (OverGroups(lo, split), OverGroups(split, hi));
        if (left is { } a && right is { } b)
        {
            Additions.AddRange([a.Slot, b.Slot]);
        }

        return left ?? right;
    }

    /// <summary>The part of a group that is here: mostly all of it.</summary>
    private Node? OverGroup(int lo, int hi)
    {
        _groupJoins.Clear();
        var node = OverShards(lo, hi);
        if (node is { } values)
        {
            AddGroup(values, _plan[_group]);
        }

        _group++;
        return node;
    }

    private void AddGroup(Node values, in NormGroup group)
    {
        SampleGroups.AddRange(Enumerable.Repeat(_group, group.Samples));
        var count = (long)group.GroupSamples * _pixels;
        Counts.AddRange([count, count - 1, group.Leads ? group.GroupSamples : MomentWeights.Absent]);
        Groups.AddRange([_group, values.Slot, Levels.Count, values.Level, group.IsPart ? 1 : 0]);
        foreach (var level in _groupJoins.GroupBy(join => join.Level).OrderBy(level => level.Key))
        {
            Levels.Add(Joins.Count / 2);
            foreach (var join in level)
            {
                Joins.AddRange([join.Left, join.Right]);
                Weights.AddRange([join.Share, join.Weight]);
            }
        }
    }

    private Node? OverShards(int lo, int hi)
    {
        if (hi - lo == 1)
        {
            var samples = _plan.Slice.ShardSamples(lo);
            var (first, leaves) = (Leaves, _pieces ? ReductionPlan.PiecesOf(samples, _pixels) : samples);
            Leaves += leaves;
            return leaves == 0 ? null : OverLeaves(first, 0, leaves);
        }

        var split = ShardTree.SplitPoint(lo, hi);
        var (left, right) = (OverShards(lo, split), OverShards(split, hi));
        return left is { } a && right is { } b ? Join(a, b) : left ?? right;
    }

    private Node OverLeaves(int shard, int lo, int hi)
    {
        if (hi - lo == 1)
        {
            return new Node(shard + lo, _pixels, 0);
        }

        var split = ShardTree.SplitPoint(lo, hi);
        return Join(OverLeaves(shard, lo, split), OverLeaves(shard, split, hi));
    }

    private Node Join(Node left, Node right)
    {
        var level = Math.Max(left.Level, right.Level);
        _groupJoins.Add((level, left.Slot, right.Slot, MomentWeights.Share(left.Values, right.Values), MomentWeights.Weight(left.Values, right.Values)));
        return new Node(left.Slot, left.Values + right.Values, level + 1);
    }

    /// <param name="Values">Per channel, where leaves are samples.</param>
    /// <param name="Level">Joins below it, one above the other.</param>
    private readonly record struct Node(int Slot, long Values, int Level);
}
