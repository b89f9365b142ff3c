using System.Collections.Immutable;
using Trainer.Coordinator.Scheduling;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Scheduling;

public sealed class AllocationTests
{
    [Fact]
    public void A_job_gets_its_most_once_no_more_workers_come()
    {
        var (jobs, workers) = (new[] { Job("j-1", max: 4) }, new[] { Worker("a"), Worker("b") });
        Assert.Empty(Allocate(jobs, workers, isSettled: false)["j-1"]);
        Assert.Equal(["a", "b"], Allocate(jobs, workers)["j-1"]);
        Assert.Equal(["a"], Allocate([Job("j-1", max: 1)], workers, isSettled: false)["j-1"]);
    }

    [Fact]
    public void Waiting_jobs_come_before_the_growth_of_running_ones()
    {
        var given = Allocate([Job("j-1", told: ["a"]), Job("j-2", created: 2)], [Worker("a", "j-1"), Worker("b")]);
        Assert.Equal(["a"], given["j-1"]);
        Assert.Equal(["b"], given["j-2"]);
    }

    [Fact]
    public void Priority_comes_before_age()
    {
        var given = Allocate([Job("j-1", min: 2), Job("j-2", min: 2, created: 2, priority: 1)], [Worker("a"), Worker("b"), Worker("c")]);
        Assert.Empty(given["j-1"]);
        Assert.Equal(["a", "b"], given["j-2"]); // c is kept for j-1, which lacks one more.
    }

    [Fact]
    public void A_large_job_holds_back_those_behind_it_unless_it_can_never_start()
    {
        var workers = new[] { Worker("a", "j-0"), Worker("b") };
        var busy = Job("j-0", max: 1, told: ["a"]);
        Assert.Empty(Allocate([busy, Job("j-1", min: 2), Job("j-2", created: 2)], workers)["j-2"]);
        Assert.Equal(["b"], Allocate([busy, Job("j-1", min: 3), Job("j-2", created: 2)], workers)["j-2"]);
    }

    [Fact]
    public void Whom_nobody_hears_stays_with_the_job_that_counts_on_it()
    {
        var job = Job("j-1", told: ["a", "b"]);
        job.Wanted.Workers.Add("a");
        Assert.Equal(["a"], Allocate([job], [])["j-1"]); // b is neither heard nor counted on.
    }

    [Fact]
    public void Who_is_in_quarantine_is_granted_to_nobody_and_goes_on_where_it_serves()
    {
        var (idle, serving) = (Worker("a"), Worker("b", "j-1"));
        (idle.Quarantined, serving.Quarantined) = (true, true);
        var given = Allocate([Job("j-1", max: 3, told: ["b"]), Job("j-2", created: 2)], [idle, serving, Worker("c")]);
        Assert.Equal(["b"], given["j-1"]);
        Assert.Equal(["c"], given["j-2"]);
        Assert.Empty(Allocate([Job("j-1", told: ["a"])], [idle])["j-1"]);
    }

    [Fact]
    public void Who_leaves_is_avoided_or_serves_another_job_is_in_no_target()
    {
        var leaving = Worker("a");
        leaving.Leaving = true;
        var job = Job("j-1", told: ["a", "b", "c", "d"]);
        job.Wanted.Avoid.Add("b");
        Assert.Equal(["d"], Allocate([job], [leaving, Worker("b"), Worker("c", "j-7"), Worker("d")])["j-1"]);
    }

    [Fact]
    public void What_a_job_was_told_outweighs_what_it_said_before_it_heard()
    {
        var job = Job("j-1", max: 1, told: ["b"]);
        job.Wanted.Workers.Add("a");
        Assert.Equal(["b"], Allocate([job], [Worker("a", "j-1"), Worker("b")])["j-1"]);
    }

    [Fact]
    public void All_have_one_arithmetic()
    {
        var workers = new[] { Worker("a", numerics: "v2"), Worker("b"), Worker("c") };
        Assert.Equal(["b", "c"], Allocate([Job("j-1")], workers)["j-1"]);
        Assert.Equal(["a"], Allocate([Job("j-1", told: ["a"])], workers)["j-1"]);
    }

    private static Dictionary<string, ImmutableSortedSet<string>> Allocate(AllocatedJob[] jobs, WorkerStatus[] workers, bool isSettled = true) =>
        Allocation.Allocate(jobs, workers, isSettled, Quotas.None).ToDictionary(grant => grant.Key, grant => grant.Value.Workers);

    private static AllocatedJob Job(string id, uint min = 1, uint max = 16, int priority = 0, long created = 1, string[]? told = null) => new(
        new JobWanted { Job = id, MinWorkers = min, MaxWorkers = max, Priority = priority, CreatedUnixMs = created },
        told?.ToImmutableSortedSet(StringComparer.Ordinal));

    private static WorkerStatus Worker(string name, string job = "", string numerics = "v1") =>
        new() { Worker = name, Incarnation = "1", ActorPath = "akka://" + name, DeviceKind = "cpu", Numerics = numerics, Job = job };
}
