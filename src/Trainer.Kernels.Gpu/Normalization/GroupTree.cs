using ILGPU;
using ILGPU.Runtime;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Gpu.Normalization;

/// <summary>How the sums of groups become those of a subtree root: additions [FirstAddition, FirstAddition + Additions) of the tree.</summary>
/// <param name="Slot">Where the root's sums are then.</param>
/// <param name="IsPart">The root is a part of a group that other roots share.</param>
internal readonly record struct RootGroups(int Root, int FirstAddition, int Additions, int Slot, bool IsPart);

/// <summary>A <see cref="GroupTree"/> as kernels see it.</summary>
/// <param name="Groups"><see cref="GroupTree.GroupStride"/> integers for each group with samples: its number in the slice, the slot where its values are in the
/// end, its first level, its levels, 1 where it is but a part of a group.</param>
/// <param name="Levels">The first join of each level; one more ends the last.</param>
/// <param name="Joins">Slots of the left and right operand; the left one takes the result.</param>
/// <param name="Weights">For each join n_b / n and n_a n_b / n of Chan's formula.</param>
/// <param name="Counts"><see cref="GroupTree.CountStride"/> numbers for each group with samples: its n values per channel, n - 1, its samples; of the whole
/// group, but -0 samples where a part has not the first one.</param>
internal readonly record struct GroupTreeView(
    ArrayView<int> Groups, ArrayView<int> Levels, ArrayView<int> Joins, ArrayView<float> Weights, ArrayView<float> Counts);

/// <summary>
/// The tree of a slice (canonical arithmetic, rules 4 and 7) in device memory: leaves up to the groups, level by level since the joins of one level need not
/// wait for one another; and the groups up to the roots. Leaves, samples or pieces, are slots of a scratch buffer, and a join leaves its result in the
/// left slot.
/// </summary>
internal sealed class GroupTree : IDisposable
{
    public const int GroupStride = 5;

    public const int CountStride = 3;

    private readonly MemoryBuffer1D<int, Stride1D.Dense> _integers;
    private readonly MemoryBuffer1D<float, Stride1D.Dense> _numbers;

    /// <param name="pieces">Leaves are pieces of sums over pixels, else samples.</param>
    public GroupTree(Accelerator accelerator, GroupPlan groups, int pixels, bool pieces)
    {
        var walk = new TreeWalk(groups, pixels, pieces);
        (GroupCount, Roots, Leaves) = (walk.Groups.Count / GroupStride, walk.Roots, walk.Leaves);
        var integers = (List<int>)[.. walk.SampleGroups, .. walk.Groups, .. walk.Levels, .. walk.Joins, .. walk.Additions, 0];
        _integers = accelerator.Allocate1D<int>([.. integers]);
        _numbers = accelerator.Allocate1D<float>([.. walk.Weights, .. walk.Counts, 0]);
        var (all, numbers) = (_integers.View.BaseView, _numbers.View.BaseView);
        var place = 0L;
        ArrayView<int> Next(int count) => all.SubView((place += count) - count, count);
        SampleGroups = Next(walk.SampleGroups.Count);
        View = new GroupTreeView(
            Next(walk.Groups.Count),
            Next(walk.Levels.Count),
            Next(walk.Joins.Count),
            numbers.SubView(0, walk.Weights.Count),
            numbers.SubView(walk.Weights.Count, walk.Counts.Count));
        Additions = Next(walk.Additions.Count);
    }

    /// <summary>Groups with samples.</summary>
    public int GroupCount { get; }

    public int Leaves { get; }

    /// <summary>The roots that have samples.</summary>
    public IReadOnlyList<RootGroups> Roots { get; }

    public GroupTreeView View { get; }

    /// <summary>Slots of left and right operands, above the groups.</summary>
    public ArrayView<int> Additions { get; }

    /// <summary>The number in the slice of each local sample's group.</summary>
    public ArrayView<int> SampleGroups { get; }

    public void Dispose()
    {
        _integers.Dispose();
        _numbers.Dispose();
    }
}

/// <summary>The trees that a device has met: a job has few, and each stays.</summary>
internal sealed class GroupTrees(Accelerator accelerator) : IDisposable
{
    private readonly List<(GroupPlan Groups, (int Pixels, bool Pieces) Shape, GroupTree Tree)> _known = [];

    /// <summary>As the constructor of <see cref="GroupTree"/>.</summary>
    public GroupTree Of(GroupPlan groups, int pixels, bool pieces)
    {
        foreach (var known in _known)
        {
            if (known.Shape == (pixels, pieces) && IsSame(known.Groups, groups))
            {
                return known.Tree;
            }
        }

        accelerator.Bind();
        var tree = new GroupTree(accelerator, groups, pixels, pieces);
        _known.Add((groups, (pixels, pieces), tree));
        return tree;
    }

    public void Dispose() => _known.ForEach(known => known.Tree.Dispose());

    private static bool IsSame(GroupPlan a, GroupPlan b) => ReferenceEquals(a, b)
        || (a.Run == b.Run && a.Slice.Samples == b.Slice.Samples && a.Slice.Shards == b.Slice.Shards && a.Slice.Roots.SequenceEqual(b.Slice.Roots));
}
