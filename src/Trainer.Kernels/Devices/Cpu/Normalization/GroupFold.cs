using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>
/// Folds two values per leaf and channel along the tree of each root, in place: the leaves of a shard, its shards up to the group, where the group's
/// values are taken, and the groups up to the root, which are added. Leaves are samples or pieces, (leaves, 2, channels). A piece of work is a run of
/// channels. A root that is a part of a group is folded by itself; its group's values are taken once all parts are there.
/// </summary>
internal abstract unsafe class GroupFold<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunChannels = 64;

    private float* _leaves;

    protected GroupPlan? Groups { get; private set; }

    protected int Channels { get; private set; }

    /// <summary>Once all parts of shared groups are there: folds and takes each group's values.</summary>
    /// <param name="rows">Room for two values per channel, with slack.</param>
    public void FinishParts(GroupParts parts, PartsFold fold, int pixels, float* rows)
    {
        for (var group = 0; group < Groups!.Count; group++)
        {
            if (Groups[group].IsShared)
            {
                fold.Fold(parts, parts.IndexOf(RootOf(group)), pixels, new Span<float>(rows, 2 * Channels));
                AtSharedGroup(group, rows);
            }
        }
    }

    protected void Execute(GroupPlan groups, float* leaves, int channels)
    {
        (Groups, Channels) = (groups, channels);
        _leaves = leaves;
        team.Run(this, (channels + RunChannels - 1) / RunChannels);
    }

    public override void Run(int piece, int thread)
    {
        var place = new Place { First = piece * RunChannels, Count = Math.Min(RunChannels, Channels - (piece * RunChannels)) };
        for (var root = 0; root < Groups!.Slice.Roots.Count; root++)
        {
            var (lo, hi) = (Groups.Slice.Roots[root].Lo, Groups.Slice.Roots[root].Hi);
            if (Groups[place.Group].IsPart)
            {
                var part = OverShards(lo, hi, ref place);
                if (part.Values > 0)
                {
                    AtPart(place.Group, part.Rows, place.First, place.Count);
                }

                place.Group++;
                continue;
            }

            var node = OverGroups(lo, hi, ref place);
            if (node.Values > 0)
            {
                AtRoot(root, node.Rows, place.First, place.Count);
            }
        }
    }

    /// <summary>The root that a group's local samples belong to.</summary>
    protected ShardRange RootOf(int group) => Groups!.Slice.Roots[Groups[group].Root];

    /// <summary>Leaves of a shard with so many samples.</summary>
    protected abstract int LeavesOf(int samples);

    /// <summary>Values per channel behind a leaf; only their ratios matter where sums are folded.</summary>
    protected abstract long ValuesOf(int leaf);

    /// <summary>Folds right into left within a group: rows at <c>left</c> and <c>left + Channels</c>.</summary>
    protected abstract void Join(float* left, float* right, long leftValues, long rightValues, int count);

    /// <summary>Takes a group's values; what it leaves in the rows is added up to the root.</summary>
    protected abstract void AtGroup(int group, float* rows, int first, int count);

    /// <summary>Takes the values of a group that other roots share.</summary>
    protected abstract void AtSharedGroup(int group, float* rows);

    /// <summary>Takes a root's part of a group that other roots share.</summary>
    protected abstract void AtPart(int group, float* rows, int first, int count);

    protected abstract void AtRoot(int root, float* rows, int first, int count);

    private Node OverGroups(int lo, int hi, ref Place place)
    {
        if (hi - lo <= Groups!.Run && lo % Groups.Run == 0)
        {
            var node = OverShards(lo, hi, ref place);
            if (node.Values > 0)
            {
                AtGroup(place.Group, node.Rows, place.First, place.Count);
            }

            place.Group++;
            return node;
        }

        var split = ShardTree.SplitPoint(lo, hi);
        var left = OverGroups(lo, split, ref place);
        var right = OverGroups(split, hi, ref place);
        if (left.Values == 0 || right.Values == 0)
        {
            return left.Values == 0 ? right : left;
        }

        Vectors<TSimd, TVector>.AddTo(left.Rows, right.Rows, place.Count);
        Vectors<TSimd, TVector>.AddTo(left.Rows + Channels, right.Rows + Channels, place.Count);
        return new Node(left.Rows, left.Values + right.Values);
    }

    private Node OverShards(int lo, int hi, ref Place place)
    {
        if (hi - lo == 1)
        {
            var leaves = LeavesOf(Groups!.Slice.ShardSamples(lo));
            var first = place.Leaf;
            place.Leaf += leaves;
            return leaves == 0 ? default : OverLeaves(first, 0, leaves, place);
        }

        var split = ShardTree.SplitPoint(lo, hi);
        var left = OverShards(lo, split, ref place);
        return JoinNodes(left, OverShards(split, hi, ref place), place.Count);
    }

    private Node OverLeaves(int shard, int lo, int hi, in Place place)
    {
        if (hi - lo == 1)
        {
            return new Node(_leaves + ((shard + lo) * 2L * Channels) + place.First, ValuesOf(shard + lo));
        }

        var split = ShardTree.SplitPoint(lo, hi);
        var left = OverLeaves(shard, lo, split, place);
        return JoinNodes(left, OverLeaves(shard, split, hi, place), place.Count);
    }

    private Node JoinNodes(Node left, Node right, int count)
    {
        if (left.Values == 0 || right.Values == 0)
        {
            return left.Values == 0 ? right : left;
        }

        Join(left.Rows, right.Rows, left.Values, right.Values, count);
        return new Node(left.Rows, left.Values + right.Values);
    }

    /// <summary>A node of the tree; one without values is absent.</summary>
    private readonly struct Node(float* rows, long values)
    {
        public float* Rows { get; } = rows;

        public long Values { get; } = values;
    }

    /// <summary>Where a walk stands, and its run of channels.</summary>
    private struct Place
    {
        public int First;
        public int Count;
        public int Leaf;
        public int Group;
    }
}
