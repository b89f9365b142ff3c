using System.Numerics;
using Trainer.Kernels.Sharding;

namespace Trainer.Coordinator.Scheduling;

/// <summary>Divides the batch shards of a job among its workers: a pure function of their numbers.</summary>
/// <remarks>
/// <para>
/// A worker's shards are at most two nodes of the <see cref="ShardTree"/>, because it holds and sends one gradient per node. So the largest
/// share is the smallest number 2^a or 2^a + 2^b from S / W on, which cannot be bettered where S is a power of two: 16 shards on 3 workers
/// are 6, 5 and 5; 64 on 5 are 16, 12, 12, 12 and 12 (13 shards would be three nodes).
/// </para>
/// <para>
/// With q the largest power of two up to S / W, everybody gets one node of q shards. What is left, R = S - W q &lt; W q, is cut into nodes of
/// p shards, p the smallest power of two of at least R / W, and a rest t of less than p. These are W nodes or fewer; as many of them are
/// halved as gives everybody a second one. So shares are q + p, q + p/2 and, at most once, q + t. Laid side by side, largest first, all
/// nodes of powers of two are aligned; the rest is the last node of the tree's right edge. Time O(W).
/// </para>
/// </remarks>
public static partial class AssignmentPlanner
{
    /// <summary>
    /// As <see cref="Plan(int, int)"/>, but aligned runs of <paramref name="unit"/> shards (a power of two, or all of them) are only split where there are more workers than
    /// runs: batch norm groups, whose members wait for one another in every layer.
    /// </summary>
    /// <remarks>The tree over the units is the upper part of the tree over the shards, so nodes of units are nodes of shards.</remarks>
    public static IReadOnlyList<IReadOnlyList<ShardRange>> Plan(int shards, int workers, int unit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(unit, 1);
        var units = ((shards - 1) / unit) + 1;
        return workers > units
            ? Plan(shards, workers)
            : [.. Plan(units, workers).Select(roots => roots.Select(root => new ShardRange(root.Lo * unit, Math.Min(root.Hi * unit, shards))).ToList())];
    }

    /// <summary>
    /// The roots of each worker, ascending; the first worker has the most. With more workers than shards only as many as there are shards get any.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<ShardRange>> Plan(int shards, int workers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shards, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        var sizes = NodeSizes(shards, Math.Min(workers, shards));
        var roots = Pack(sizes);
        return [.. roots
            .OrderByDescending(nodes => nodes.Sum(node => node.Count))
            .Select(nodes => MergeNeighbours([.. nodes.OrderBy(node => node.Lo)], shards))];
    }

    // Per worker the sizes of its nodes, largest first.
    private static List<int[]> NodeSizes(int shards, int workers)
    {
        var first = (int)BitOperations.RoundUpToPowerOf2((uint)(shards / workers + 1)) / 2;
        var left = shards - workers * first;
        if (left == 0)
        {
            return [.. Enumerable.Repeat<int[]>([first], workers)];
        }

        var second = (int)BitOperations.RoundUpToPowerOf2((uint)((left + workers - 1) / workers));
        var (whole, rest) = Math.DivRem(left, second);
        var halved = second == 1 ? 0 : workers - whole - (rest > 0 ? 1 : 0);
        List<int> seconds = [.. Enumerable.Repeat(second, whole - halved), .. Enumerable.Repeat(second / 2, 2 * halved)];
        if (rest > 0)
        {
            seconds.Add(rest);
        }

        return [.. Enumerable.Range(0, workers).Select(worker => Node(first, worker < seconds.Count ? seconds[worker] : 0))];
    }

    private static int[] Node(int first, int second) => second == 0 ? [first] : second == first ? [2 * first] : [first, second];

    // Nodes side by side, powers of two largest first, then the rest (at most one).
    private static List<List<ShardRange>> Pack(List<int[]> sizes)
    {
        List<List<ShardRange>> roots = [.. sizes.Select(_ => new List<ShardRange>())];
        var end = 0;
        foreach (var (size, worker) in sizes
            .SelectMany((nodes, worker) => nodes.Select(size => (size, worker)))
            .OrderByDescending(node => BitOperations.IsPow2(node.size))
            .ThenByDescending(node => node.size))
        {
            roots[worker].Add(new ShardRange(end, end += size));
        }

        return roots;
    }

    // Two neighbours may be all of one node: on one worker, and where the last nodes of the right edge meet.
    private static IReadOnlyList<ShardRange> MergeNeighbours(IReadOnlyList<ShardRange> nodes, int shards) =>
        nodes is [var low, var high] && low.Hi == high.Lo && ShardTree.IsNode(new ShardRange(low.Lo, high.Hi), shards)
            ? [new ShardRange(low.Lo, high.Hi)]
            : nodes;
}
