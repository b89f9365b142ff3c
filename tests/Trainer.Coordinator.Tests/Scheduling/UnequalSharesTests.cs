using CsCheck;
using Trainer.Coordinator.Scheduling;
using Trainer.Kernels.Sharding;

namespace Trainer.Coordinator.Tests.Scheduling;

/// <summary>Shares by speed: properties over random speeds, and the least time by trying everything.</summary>
public sealed class UnequalSharesTests
{
    private const int Cases = 3000;

    private static readonly Gen<(int Shards, int Unit, double[] Speeds)> Jobs =
        from shards in Gen.OneOf(1, 2, 4, 8, 16, 64, 13, 31)
        from unit in Gen.OneOf(1, 2, 4)
        from speeds in Gen.OneOf(Gen.Double[0.01, 100], Gen.OneOf(1.0, 2.0, 0.5)).Array[1, 16]
        select (shards, unit, speeds);

    [Fact]
    public void All_shards_are_covered_once_by_nodes() => Jobs.Sample(
        job =>
        {
            var plan = AssignmentPlanner.Plan(job.Shards, job.Speeds, job.Unit);
            Assert.Equal(job.Speeds.Length, plan.Count);
            var roots = plan.SelectMany(own => own).OrderBy(root => root.Lo).ToList();
            Assert.All(roots, root => Assert.True(ShardTree.IsNode(root, job.Shards), $"{root} of {job.Shards}"));
            Assert.Equal(Enumerable.Range(0, job.Shards), roots.SelectMany(root => Enumerable.Range(root.Lo, root.Count)));
            Assert.All(plan, own => Assert.Equal(own.OrderBy(root => root.Lo), own));
        },
        iter: Cases);

    [Fact]
    public void Nobody_has_more_than_two_nodes_and_nobody_has_none_where_there_are_enough() => Jobs.Sample(
        job =>
        {
            var plan = AssignmentPlanner.Plan(job.Shards, job.Speeds, job.Unit);
            Assert.All(plan, own => Assert.InRange(own.Count, job.Speeds.Length <= job.Shards ? 1 : 0, 2));
        },
        iter: Cases);

    [Fact]
    public void It_is_never_slower_than_equal_shares() => Jobs.Sample(
        job =>
        {
            var time = AssignmentPlanner.Time(AssignmentPlanner.Plan(job.Shards, job.Speeds, job.Unit), job.Speeds);
            var equal = AssignmentPlanner.Plan(job.Shards, job.Speeds.Length, job.Unit);
            Assert.True(time <= AssignmentPlanner.Time(equal, job.Speeds) * (1 + 1e-9));
            Assert.True(time <= AssignmentPlanner.Time(AssignmentPlanner.PlanEqual(job.Shards, job.Speeds, job.Unit), job.Speeds));
        },
        iter: Cases);

    [Fact]
    public void The_same_speeds_give_the_same_plan_in_whatever_unit_they_are() => Jobs.Sample(
        job =>
        {
            var text = Text(AssignmentPlanner.Plan(job.Shards, job.Speeds, job.Unit));
            Assert.Equal(text, Text(AssignmentPlanner.Plan(job.Shards, [.. job.Speeds], job.Unit)));
            Assert.Equal(text, Text(AssignmentPlanner.Plan(job.Shards, [.. job.Speeds.Select(speed => speed * 4)], job.Unit)));
        },
        iter: Cases);

    [Fact]
    public void Batch_norm_groups_are_split_only_where_there_are_more_workers_than_groups() => Jobs.Sample(
        job =>
        {
            var roots = AssignmentPlanner.Plan(job.Shards, job.Speeds, job.Unit).SelectMany(own => own).ToList();
            var areWhole = roots.TrueForAll(root => root.Lo % job.Unit == 0 && (root.Hi % job.Unit == 0 || root.Hi == job.Shards));
            Assert.True(areWhole || job.Speeds.Length > ((job.Shards - 1) / job.Unit) + 1);
        },
        iter: Cases);

    [Fact]
    public void No_shares_of_two_nodes_are_faster()
    {
        var small = from shards in Gen.OneOf(1, 2, 4, 8, 16) from speeds in Gen.Double[0.1, 4].Array[1, 4] where speeds.Length <= shards select (shards, speeds);
        small.Sample(
            job =>
            {
                var least = Shares(job.shards, job.speeds.Length).Min(shares => shares.Zip(job.speeds, (share, speed) => share / speed).Max());
                Assert.Equal(least, AssignmentPlanner.Time(AssignmentPlanner.Plan(job.shards, job.speeds, 1), job.speeds), 9);
            },
            iter: Cases / 10);
    }

    [Theory]
    [InlineData(64, 1, "1 1 1 0.5", "20,18,16,10")]
    [InlineData(64, 1, "1 1 1 1", "16,16,16,16")]
    [InlineData(16, 1, "1 1 2", "4,4,8")]
    [InlineData(16, 4, "1 1 0.5", "8,4,4")]
    [InlineData(2, 1, "0.5 1 1", "0,1,1")]
    [InlineData(13, 1, "3 1", "10,3")]
    public void Worked_examples(int shards, int unit, string speeds, string shares)
    {
        double[] parsed = [.. speeds.Split(' ').Select(text => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture))];
        var plan = AssignmentPlanner.Plan(shards, parsed, unit);
        var wanted = shares.Split(',').Select(int.Parse).ToList();
        Assert.Equal(wanted.Zip(parsed, (share, speed) => share / speed).Max(), AssignmentPlanner.Time(plan, parsed));
        Assert.True(plan.Sum(roots => roots.Count) <= wanted.Sum(share => System.Numerics.BitOperations.PopCount((uint)share)), Text(plan));
    }

    // All shares of at most two powers of two each.
    private static IEnumerable<int[]> Shares(int shards, int workers) => workers == 0
        ? shards == 0 ? [[]] : []
        : Enumerable.Range(1, shards).Where(share => System.Numerics.BitOperations.PopCount((uint)share) <= 2)
            .SelectMany(share => Shares(shards - share, workers - 1).Select(rest => (int[])[share, .. rest]));

    private static string Text(IReadOnlyList<IReadOnlyList<ShardRange>> plan) => string.Join(" | ", plan.Select(roots => string.Concat(roots)));
}
