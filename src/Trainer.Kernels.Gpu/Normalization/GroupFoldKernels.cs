using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Normalization;

/// <param name="ChannelRuns">Runs of <see cref="GroupFoldKernels.RunChannels"/> channels that hold them all.</param>
/// <param name="FinishesParts">1: the slots hold the values of shared groups, which are to be taken; 0: leaves, to be folded up to groups and parts of them.</param>
/// <param name="Slots">(leaves, 2, Channels); overwritten.</param>
internal readonly record struct GroupFold(GroupTreeView Tree, int Channels, int ChannelRuns, int FinishesParts, ArrayView<float> Slots);

/// <param name="Weight">(channels), or none; likewise <paramref name="Bias"/>.</param>
/// <param name="Saved">Receives mean and invstd, (groups, 2, channels); none: not wanted.</param>
/// <param name="ScaleShift">Receives scale and shift, likewise.</param>
internal readonly record struct MomentFold(
    GroupFold Fold, float Eps, ArrayView<float> Weight, ArrayView<float> Bias, ArrayView<float> Saved, ArrayView<float> ScaleShift);

/// <param name="Shares">Receives the groups' sums divided by their values, (groups, 2, channels); none: not wanted.</param>
internal readonly record struct SumFold(GroupFold Fold, ArrayView<float> Shares);

/// <param name="Additions">Slots of left and right operands, of all roots.</param>
/// <param name="FirstAddition">Of this root.</param>
/// <param name="Slot">Where the root's sums are in the end.</param>
/// <param name="First">(Channels) or none; likewise <paramref name="Second"/>.</param>
internal readonly record struct RootFold(
    int Channels, ArrayView<int> Additions, int FirstAddition, int Count, int Slot, ArrayView<float> Slots, ArrayView<float> First, ArrayView<float> Second);

/// <summary>
/// Folds two values per leaf and channel along the trees of batch norm groups. The threads of a group have 8 channels (a sector of memory) and as many joins of
/// one level at once as they can.
/// </summary>
internal static class GroupFoldKernels
{
    public const int RunChannels = 8;

    /// <summary>Moments of samples by Chan's formula, up to what each group is normalised with; leaves samples x mean and samples x variance.</summary>
    public static readonly Kernel<MomentFold> Moments = Kernel.Of<MomentFold>(Walk<MomentFold, MomentNodes>);

    /// <summary>Sums of pieces, up to each group's.</summary>
    public static readonly Kernel<SumFold> Sums = Kernel.Of<SumFold>(Walk<SumFold, SumNodes>);

    /// <summary>The groups of a root added up: a thread has one value of a channel.</summary>
    public static readonly Kernel<RootFold> Root = Kernel.Of<RootFold>(AddGroups);

    private const int Workers = ThreadGroup.Size / RunChannels;

    private interface INodes<TArguments>
    {
        static abstract GroupFold FoldOf(TArguments a);

        /// <summary>Left takes in right: places of the first of their two values.</summary>
        static abstract void Join(TArguments a, int join, long left, long right);

        /// <summary>Takes the values of a group.</summary>
        static abstract void Finish(TArguments a, int entry, int channel, long place);
    }

    private static void Walk<TArguments, TNodes>(TArguments a)
        where TArguments : struct
        where TNodes : struct, INodes<TArguments>
    {
        var fold = TNodes.FoldOf(a);
        var tree = fold.Tree;
        var entry = Grid.IdxX / fold.ChannelRuns;
        var channel = ((Grid.IdxX - (entry * fold.ChannelRuns)) * RunChannels) + (Group.IdxX % RunChannels);
        var worker = Group.IdxX / RunChannels;
        var slotElements = 2L * fold.Channels;
        var level = tree.Groups[(entry * GroupTree.GroupStride) + 2];
        var lastLevel = fold.FinishesParts != 0 ? level : level + tree.Groups[(entry * GroupTree.GroupStride) + 3];
        for (; level < lastLevel; level++)
        {
            if (channel < fold.Channels)
            {
                var end = tree.Levels[level + 1];
                for (var join = tree.Levels[level] + worker; join < end; join += Workers)
                {
                    var (left, right) = (tree.Joins[join * 2], tree.Joins[(join * 2) + 1]);
                    TNodes.Join(a, join, (left * slotElements) + channel, (right * slotElements) + channel);
                }
            }

            Exact.Barrier();
        }

        if (channel < fold.Channels && worker == 0 && tree.Groups[(entry * GroupTree.GroupStride) + 4] == fold.FinishesParts)
        {
            TNodes.Finish(a, entry, channel, (tree.Groups[(entry * GroupTree.GroupStride) + 1] * slotElements) + channel);
        }
    }

    private static void AddGroups(RootFold a)
    {
        var value = Grid.GlobalIndex.X;
        var slotElements = 2L * a.Channels;
        if (value >= slotElements)
        {
            return;
        }

        var slots = a.Slots;
        for (var i = a.FirstAddition; i < a.FirstAddition + a.Count; i++)
        {
            var left = (a.Additions[i * 2] * slotElements) + value;
            slots[left] = Exact.Add(slots[left], slots[(a.Additions[(i * 2) + 1] * slotElements) + value]);
        }

        var sum = slots[(a.Slot * slotElements) + value];
        var (first, second) = (a.First, a.Second);
        if (value < a.Channels && first.Length > 0)
        {
            first[value] = sum;
        }

        if (value >= a.Channels && second.Length > 0)
        {
            second[value - a.Channels] = sum;
        }
    }

    private readonly struct MomentNodes : INodes<MomentFold>
    {
        public static GroupFold FoldOf(MomentFold a) => a.Fold;

        public static void Join(MomentFold a, int join, long left, long right)
        {
            var (slots, squares, weights) = (a.Fold.Slots, a.Fold.Channels, a.Fold.Tree.Weights);
            var mean = slots[left];
            var d = Exact.Subtract(slots[right], mean);
            slots[left] = LaneNorm<ExactLane, float>.JoinMeans(mean, d, weights[join * 2]);
            slots[left + squares] = LaneNorm<ExactLane, float>.JoinSquares(slots[left + squares], slots[right + squares], d, weights[(join * 2) + 1]);
        }

        public static void Finish(MomentFold a, int entry, int channel, long place)
        {
            var (slots, counts, channels) = (a.Fold.Slots, a.Fold.Tree.Counts, a.Fold.Channels);
            var (mean, squares) = (slots[place], slots[place + channels]);
            var count = entry * GroupTree.CountStride;
            var invstd = LaneNorm<ExactLane, float>.InverseDeviation(Exact.Divide(squares, counts[count]), a.Eps);
            var group = (a.Fold.Tree.Groups[entry * GroupTree.GroupStride] * 2L * channels) + channel;
            if (a.Saved.Length != 0)
            {
                var saved = a.Saved;
                saved[group] = mean;
                saved[group + channels] = invstd;
            }

            NormalizeKernels.SetScaleShift(a.ScaleShift, group, channels, channel, mean, invstd, a.Weight, a.Bias);
            var samples = counts[count + 2];
            slots[place] = samples == 0 ? samples : Exact.Multiply(samples, mean);
            slots[place + channels] = samples == 0 ? samples : Exact.Multiply(samples, Exact.Divide(squares, counts[count + 1]));
        }
    }

    private readonly struct SumNodes : INodes<SumFold>
    {
        public static GroupFold FoldOf(SumFold a) => a.Fold;

        public static void Join(SumFold a, int join, long left, long right)
        {
            var (slots, second) = (a.Fold.Slots, a.Fold.Channels);
            slots[left] = Exact.Add(slots[left], slots[right]);
            slots[left + second] = Exact.Add(slots[left + second], slots[right + second]);
        }

        public static void Finish(SumFold a, int entry, int channel, long place)
        {
            var shares = a.Shares;
            if (shares.Length == 0)
            {
                return;
            }

            var (slots, channels, values) = (a.Fold.Slots, a.Fold.Channels, a.Fold.Tree.Counts[entry * GroupTree.CountStride]);
            var group = (a.Fold.Tree.Groups[entry * GroupTree.GroupStride] * 2L * channels) + channel;
            shares[group] = Exact.Divide(slots[place], values);
            shares[group + channels] = Exact.Divide(slots[place + channels], values);
        }
    }
}
