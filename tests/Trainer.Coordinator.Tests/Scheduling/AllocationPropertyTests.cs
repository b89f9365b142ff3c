using System.Collections.Immutable;
using CsCheck;
using Trainer.Coordinator.Scheduling;

namespace Trainer.Coordinator.Tests.Scheduling;

/// <summary>What holds for whatever jobs and workers come, in whatever order they obey.</summary>
public sealed class AllocationPropertyTests
{
    private const int Cases = 500;
    private const int LongEnough = 3000;

    private static readonly Gen<QueuedJob> Jobs =
        from size in Gen.Select(Gen.Int[1, 4], Gen.Int[0, 4])
        from rank in Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2])
        from time in Gen.Select(Gen.Int[0, 20], Gen.Int[1, 6])
        select new QueuedJob(size.Item1, size.Item2, rank.Item1, rank.Item2, time.Item1, time.Item2);

    private static readonly Gen<(QueuedJob[] Jobs, bool[] Kinds, int Quota, int Seed)> Worlds =
        Gen.Select(Jobs.Array[1, 8], Gen.Bool.Array[1, 9], Gen.Int[0, 6], Gen.Int[0, 1000]);

    [Fact]
    public void Nobody_has_two_jobs_and_no_user_more_than_the_quota() => Worlds.Sample(
        world =>
        {
            var queue = World(world);
            for (var tick = 0; tick < 60; tick++)
            {
                queue.Allocate(isSettled: tick % 3 > 0);
                var told = queue.Told.SelectMany(workers => workers).ToList();
                Assert.Equal(told.Distinct().Count(), told.Count);
                Assert.All(queue.Told.Index().GroupBy(job => queue.User(job.Index)), jobs => Assert.True(world.Quota == 0 || jobs.Sum(job => job.Item.Count) <= world.Quota));
                queue.Pass(promptly: false, work: true);
            }
        },
        iter: Cases);

    [Fact]
    public void Equals_take_nothing_from_each_other() => Worlds.Sample(
        world =>
        {
            var queue = World(world with { Jobs = [.. world.Jobs.Select(job => job with { Priority = 0 })] });
            for (var tick = 0; tick < 60; tick++)
            {
                List<ImmutableSortedSet<string>> before = [.. queue.Told];
                queue.Allocate(isSettled: true);
                Assert.All(before.Zip(queue.Told), told => Assert.Superset(told.First, told.Second));
                queue.Pass(promptly: false, work: true);
            }
        },
        iter: Cases);

    [Fact]
    public void Who_is_older_is_not_overtaken_by_equals() => Worlds.Sample(
        world =>
        {
            var queue = World((Jobs: [.. world.Jobs.Select(job => job with { Priority = 0 })], Kinds: [.. world.Kinds.Select(_ => true)], Quota: 0, world.Seed));
            var order = Enumerable.Range(0, world.Jobs.Length).OrderBy(job => world.Jobs[job].Arrival).ThenBy(job => $"{job}", StringComparer.Ordinal).ToList();
            for (var tick = 0; tick < 60; tick++)
            {
                var waited = order.Where(queue.IsWaiting).ToList();
                queue.Allocate(isSettled: tick % 3 > 0);
                var begun = waited.Where(job => !queue.IsWaiting(job));
                Assert.All(begun, job => Assert.DoesNotContain(order.TakeWhile(older => older != job), older => queue.IsPossible(older) && queue.IsWaiting(older)));
                queue.Pass(promptly: false, work: true);
            }
        },
        iter: Cases);

    [Fact]
    public void All_come_to_rest_where_nobody_waits_for_what_a_lower_one_has() => Worlds.Sample(
        world =>
        {
            var queue = World((Jobs: [.. world.Jobs.Select(job => job with { Arrival = 0 })], world.Kinds, world.Quota, world.Seed));
            for (var tick = 0; tick < 100; tick++)
            {
                queue.Allocate(isSettled: tick % 3 > 0);
                queue.Pass(promptly: tick > 50, work: false);
            }

            List<ImmutableSortedSet<string>> before = [.. queue.Told];
            var grants = queue.Allocate(isSettled: true);
            Assert.Equal(before.Select(told => string.Join(' ', told)), queue.Told.Select(told => string.Join(' ', told)));
            Assert.All(grants.Values, grant => Assert.True(grant.TakenFor is null && grant.Takes.Count == 0));
            Assert.All(Enumerable.Range(0, world.Jobs.Length).Where(queue.IsWaiting), waiting => Assert.All(["v1", "v2"], kind => Assert.False(CouldStart(queue, world, waiting, kind))));
        },
        iter: Cases);

    [Fact]
    public void Nobody_starves() => Worlds.Sample(
        world =>
        {
            var queue = World(world);
            var possible = Enumerable.Range(0, world.Jobs.Length).Where(queue.IsPossible).ToList();
            for (var tick = 0; tick < LongEnough && !possible.TrueForAll(queue.IsDone); tick++)
            {
                queue.Allocate(isSettled: tick % 3 > 0);
                queue.Pass(promptly: false, work: true);
            }

            Assert.All(possible, job => Assert.True(queue.IsDone(job)));
        },
        iter: Cases);

    private static QueueWorld World((QueuedJob[] Jobs, bool[] Kinds, int Quota, int Seed) world) =>
        new(world.Jobs, world.Kinds, new Quotas(world.Quota == 0 ? null : (uint)world.Quota, Quotas.None.ByUser), world.Seed);

    // By what jobs of lower priority have of a kind, within what is left of the quota by jobs that it need not give way to, one of which may wait for all that is left.
    private static bool CouldStart(QueueWorld queue, (QueuedJob[] Jobs, bool[] Kinds, int Quota, int Seed) world, int waiting, string kind)
    {
        var yielding = Enumerable.Range(0, world.Jobs.Length).Where(job => world.Jobs[job].Priority < world.Jobs[waiting].Priority).ToList();
        var firm = Enumerable.Range(0, world.Jobs.Length).Where(job => job != waiting && !yielding.Contains(job) && queue.User(job) == queue.User(waiting)).Sum(job => queue.Told[job].Count);
        var isFirst = !Enumerable.Range(0, world.Jobs.Length).Any(job => job != waiting && !yielding.Contains(job) && queue.User(job) == queue.User(waiting) && queue.IsWaiting(job) && queue.IsPossible(job));
        var within = world.Quota == 0 || (isFirst && firm + world.Jobs[waiting].Min <= world.Quota);
        return within && yielding.SelectMany(job => queue.Told[job]).Count(worker => queue.Kind(worker) == kind) >= world.Jobs[waiting].Min;
    }
}
