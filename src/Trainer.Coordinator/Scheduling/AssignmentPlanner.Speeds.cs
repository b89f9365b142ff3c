using System.Numerics;
using Trainer.Kernels.Sharding;

namespace Trainer.Coordinator.Scheduling;

/// <summary>Shares of workers that are not equally fast.</summary>
/// <remarks>
/// The time of a plan is that of its slowest worker: the largest n / v, of n shards at speed v. It is one of the W x 2 log S^2 values that a share of one or two nodes can have,
/// and the least that is possible is found by halving. Whether a time is: worker w may have any n up to its v x time that is 2^a or 2^a + 2^b; one such n each must add up to S,
/// which a table over (workers so far, shards so far) tells. Of those that do, the one with the fewest nodes is taken. Nodes of powers of two that add up to S are aligned when
/// laid side by side, largest first. Time O(W S log^2 S) for each of O(log W + log log S) halvings.
/// </remarks>
public static partial class AssignmentPlanner
{
    /// <summary>Workers times shards up to which shares follow speeds: the table is computed while a job's entity answers nobody.</summary>
    private const int MostWork = 1 << 16;

    private const int Never = int.MaxValue / 2;

    /// <summary>
    /// The roots of each worker, in the order of <paramref name="speeds"/>; at most two each where that is possible, and never slower than equal shares. Each worker gets a shard, or, where
    /// there are more workers than shards, each of the fastest.
    /// </summary>
    /// <param name="speeds">In any unit; above 0.</param>
    /// <param name="unit">As in <see cref="Plan(int, int, int)"/>.</param>
    public static IReadOnlyList<IReadOnlyList<ShardRange>> Plan(int shards, IReadOnlyList<double> speeds, int unit)
    {
        var equal = PlanEqual(shards, speeds, unit);
        var size = speeds.Count > ((shards - 1) / unit) + 1 ? 1 : unit;
        var units = ((shards - 1) / size) + 1;
        if (speeds.Count > units || (long)speeds.Count * units > MostWork || BestShares(units, speeds) is not { } shares)
        {
            return equal;
        }

        var plan = Lay(units, shares).Select(roots => roots.Select(root => new ShardRange(root.Lo * size, Math.Min(root.Hi * size, shards))).ToList()).ToList();
        return Time(plan, speeds) < Time(equal, speeds) * (1 - 1e-9) ? plan : equal;
    }

    /// <summary>As <see cref="Plan(int, int, int)"/>; the larger shares are for the faster workers.</summary>
    public static IReadOnlyList<IReadOnlyList<ShardRange>> PlanEqual(int shards, IReadOnlyList<double> speeds, int unit)
    {
        var shares = Plan(shards, speeds.Count, unit);
        var plan = new IReadOnlyList<ShardRange>[speeds.Count];
        foreach (var (rank, worker) in Enumerable.Range(0, speeds.Count).OrderByDescending(worker => speeds[worker]).Index())
        {
            plan[worker] = rank < shares.Count ? shares[rank] : [];
        }

        return plan;
    }

    /// <summary>That the slowest worker takes for its shards.</summary>
    public static double Time(IReadOnlyList<IReadOnlyList<ShardRange>> plan, IReadOnlyList<double> speeds) =>
        plan.Zip(speeds, (roots, speed) => roots.Sum(root => root.Count) / speed).Max();

    // Null: no shares of at most two powers of two add up to the shards.
    private static int[]? BestShares(int shards, IReadOnlyList<double> speeds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(speeds.Min(), 0);
        int[] shares = [.. Enumerable.Range(1, shards).Where(share => BitOperations.PopCount((uint)share) <= 2)];
        double[] times = [.. speeds.SelectMany(speed => shares.Select(share => share / speed)).Distinct().Order()];
        var (low, high) = (0, times.Length - 1);
        var best = SharesWithin(times[high], shards, shares, speeds);
        while (best is not null && low < high)
        {
            var middle = (low + high) / 2;
            if (SharesWithin(times[middle], shards, shares, speeds) is { } better)
            {
                (best, high) = (better, middle);
            }
            else
            {
                low = middle + 1;
            }
        }

        return best;
    }

    // Those with the fewest nodes; null: there are none.
    private static int[]? SharesWithin(double time, int shards, int[] shares, IReadOnlyList<double> speeds)
    {
        var chosen = new int[speeds.Count, shards + 1];
        var nodes = new int[shards + 1];
        Array.Fill(nodes, Never);
        nodes[0] = 0;
        for (var worker = 0; worker < speeds.Count; worker++)
        {
            var next = new int[shards + 1];
            Array.Fill(next, Never);
            foreach (var share in shares.TakeWhile(share => share / speeds[worker] <= time))
            {
                var own = BitOperations.PopCount((uint)share);
                for (var sum = share; sum <= shards; sum++)
                {
                    if (nodes[sum - share] + own < next[sum])
                    {
                        (next[sum], chosen[worker, sum]) = (nodes[sum - share] + own, share);
                    }
                }
            }

            nodes = next;
        }

        return nodes[shards] >= Never ? null : Chosen(chosen, shards);
    }

    private static int[] Chosen(int[,] chosen, int shards)
    {
        var shares = new int[chosen.GetLength(0)];
        for (var worker = shares.Length - 1; worker >= 0; worker--)
        {
            shares[worker] = chosen[worker, shards];
            shards -= shares[worker];
        }

        return shares;
    }

    private static IEnumerable<IReadOnlyList<ShardRange>> Lay(int shards, int[] shares) =>
        Pack([.. shares.Select(share => Node(1 << BitOperations.Log2((uint)share), share - (1 << BitOperations.Log2((uint)share))))])
            .Select(nodes => MergeNeighbours([.. nodes.OrderBy(node => node.Lo)], shards));
}
