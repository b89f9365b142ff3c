using Trainer.Coordinator.Scheduling;
using Trainer.Kernels.Sharding;

namespace Trainer.Coordinator.Tests.Scheduling;

public sealed class AssignmentPlannerTests
{
    public static TheoryData<int> ShardCounts => [.. Enumerable.Range(1, 64), 96, 127, 255, 1000, 4093];

    [Theory]
    [MemberData(nameof(ShardCounts))]
    public void Roots_are_nodes_and_cover_every_shard_once(int shards)
    {
        foreach (var workers in WorkerCounts(shards))
        {
            var plan = AssignmentPlanner.Plan(shards, workers);
            Assert.Equal(workers, plan.Count);
            Assert.All(plan, roots => Assert.InRange(roots.Count, 1, 2));
            Assert.All(plan.SelectMany(roots => roots), root => Assert.True(ShardTree.IsNode(root, shards), $"{root} of {shards}, {workers} workers"));
            Assert.All(plan, roots => Assert.Equal(roots.OrderBy(root => root.Lo), roots));
            var shardsSeen = plan.SelectMany(roots => roots).OrderBy(root => root.Lo).SelectMany(root => Enumerable.Range(root.Lo, root.Count));
            Assert.Equal(Enumerable.Range(0, shards), shardsSeen);
        }
    }

    [Theory]
    [InlineData(16, 1)]
    [InlineData(16, 4)]
    [InlineData(13, 2)]
    [InlineData(31, 8)]
    [InlineData(7, 7)]
    [InlineData(257, 32)]
    public void Units_are_split_only_where_there_are_more_workers(int shards, int unit)
    {
        for (var workers = 1; workers <= shards; workers++)
        {
            var plan = AssignmentPlanner.Plan(shards, workers, unit);
            var roots = plan.SelectMany(own => own).OrderBy(root => root.Lo).ToList();
            Assert.Equal(workers, plan.Count);
            Assert.All(plan, own => Assert.InRange(own.Count, 1, 2));
            Assert.All(roots, root => Assert.True(ShardTree.IsNode(root, shards), $"{root} of {shards}"));
            Assert.Equal(Enumerable.Range(0, shards), roots.SelectMany(root => Enumerable.Range(root.Lo, root.Count)));
            var areWhole = roots.TrueForAll(root => root.Lo % unit == 0 && (root.Hi % unit == 0 || root.Hi == shards));
            Assert.Equal(workers <= ((shards - 1) / unit) + 1, areWhole);
        }
    }

    [Theory]
    [InlineData(16, 4, 3, "[0,8) | [8,12) | [12,16)")]
    [InlineData(16, 4, 5, "[0,4) | [4,6)[12,13) | [6,8)[13,14) | [8,10)[14,15) | [10,12)[15,16)")]
    [InlineData(16, 16, 2, "[0,8) | [8,16)")]
    public void Worked_examples_with_units(int shards, int unit, int workers, string expected) =>
        Assert.Equal(expected, string.Join(" | ", AssignmentPlanner.Plan(shards, workers, unit).Select(roots => string.Concat(roots))));

    [Theory]
    [MemberData(nameof(ShardCounts))]
    public void The_first_worker_has_the_most_and_that_is_the_next_sum_of_two_powers_of_two(int shards)
    {
        foreach (var workers in WorkerCounts(shards))
        {
            var shares = Shares(AssignmentPlanner.Plan(shards, workers));
            Assert.Equal(shares.Max(), shares[0]);

            var bound = Enumerable.Range(0, 14).SelectMany(a => Enumerable.Range(0, a + 1).SelectMany(b => new[] { 1 << a, (1 << a) + (1 << b) }))
                .Where(share => share * workers >= shards).Min();
            Assert.True(shares.Max() <= bound, $"{shards} shards on {workers} workers: {string.Join(",", shares)}; bound {bound}");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    public void No_division_of_a_power_of_two_into_two_nodes_each_has_a_smaller_largest_share(int shards)
    {
        for (var workers = 1; workers <= shards; workers++)
        {
            var best = SmallestLargestShare(shards, workers);
            Assert.Equal(best, Shares(AssignmentPlanner.Plan(shards, workers)).Max());
        }
    }

    [Theory]
    [InlineData(16, 1, "[0,16)")]
    [InlineData(16, 2, "[0,8) | [8,16)")]
    [InlineData(16, 3, "[0,4)[12,14) | [4,8)[14,15) | [8,12)[15,16)")]
    [InlineData(16, 5, "[0,4) | [4,6)[12,13) | [6,8)[13,14) | [8,10)[14,15) | [10,12)[15,16)")]
    [InlineData(13, 1, "[0,13)")]
    [InlineData(15, 2, "[0,8) | [8,15)")]
    [InlineData(23, 5, "[0,4)[20,21) | [4,8)[21,22) | [8,12)[22,23) | [12,16) | [16,20)")]
    [InlineData(3, 7, "[0,1) | [1,2) | [2,3)")]
    public void Worked_examples(int shards, int workers, string expected) =>
        Assert.Equal(expected, string.Join(" | ", AssignmentPlanner.Plan(shards, workers).Select(roots => string.Concat(roots))));

    [Theory]
    [InlineData(16, 3, "6,5,5")]
    [InlineData(64, 5, "16,12,12,12,12")]
    [InlineData(64, 9, "8,8,8,8,8,6,6,6,6")]
    [InlineData(57, 5, "12,12,12,12,9")]
    public void Shares_of_worked_examples(int shards, int workers, string expected) =>
        Assert.Equal(expected, string.Join(",", Shares(AssignmentPlanner.Plan(shards, workers))));

    private static IEnumerable<int> WorkerCounts(int shards) =>
        shards <= 64 ? Enumerable.Range(1, shards) : [1, 2, 3, 5, 7, 11, 13, 31, 64, shards / 2, shards - 1, shards];

    private static int[] Shares(IReadOnlyList<IReadOnlyList<ShardRange>> plan) => [.. plan.Select(roots => roots.Sum(root => root.Count))];

    // By trying all cuts of the tree into nodes; the best pairing of n nodes to W workers is largest with smallest, n <= 2W.
    private static int SmallestLargestShare(int shards, int workers) =>
        Cuts(0, shards).Select(nodes => nodes.OrderDescending().ToList()).Where(nodes => nodes.Count >= workers && nodes.Count <= 2 * workers)
            .Min(nodes => LargestPair([.. nodes, .. Enumerable.Repeat(0, 2 * workers - nodes.Count)]));

    private static int LargestPair(List<int> nodes) => Enumerable.Range(0, nodes.Count / 2).Max(i => nodes[i] + nodes[^(i + 1)]);

    private static HashSet<string> CutKeys(int lo, int hi)
    {
        HashSet<string> cuts = [$"{hi - lo}"];
        if (hi - lo > 1)
        {
            var split = ShardTree.SplitPoint(lo, hi);
            var right = CutKeys(split, hi);
            cuts.UnionWith(CutKeys(lo, split).SelectMany(low => right.Select(high => Sorted($"{low},{high}"))));
        }

        return cuts;
    }

    private static string Sorted(string sizes) => string.Join(",", sizes.Split(',').Select(int.Parse).Order());

    private static IEnumerable<int[]> Cuts(int lo, int hi) => CutKeys(lo, hi).Select(cut => cut.Split(',').Select(int.Parse).ToArray());
}
