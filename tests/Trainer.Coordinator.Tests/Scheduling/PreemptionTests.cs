using System.Collections.Immutable;
using Trainer.Coordinator.Scheduling;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Scheduling;

/// <summary>What jobs of higher priority take from others, and what quotas let them have.</summary>
public sealed class PreemptionTests
{
    private Quotas _quotas = Quotas.None;

    [Fact]
    public void A_job_of_higher_priority_takes_what_others_have_above_their_minimum()
    {
        var workers = new[] { Worker("a", "low"), Worker("b", "low"), Worker("c", "low") };
        var grants = Allocate([Job("low", told: ["a", "b", "c"]), Job("high", priority: 1, max: 1)], workers);
        Assert.Equal(["a", "b"], grants["low"].Workers);
        Assert.Equal(("high", 1), (grants["low"].TakenFor?.Job, grants["low"].TakenFor?.Priority));
        Assert.Equal((0, WaitCause.Preempting, 1), (grants["high"].Workers.Count, grants["high"].Cause, grants["high"].Takes["low"]));
    }

    [Fact]
    public void What_was_told_to_go_goes_whatever_comes_meanwhile()
    {
        var workers = new[] { Worker("a", "low"), Worker("b", "low"), Worker("c", "low") };
        Assert.Equal(["a", "c"], Allocate([Job("low", told: ["a", "c"]), Job("high", priority: 1, max: 1)], workers)["low"].Workers);
    }

    [Fact]
    public void It_grows_by_them_too_and_leaves_everybody_the_minimum()
    {
        var workers = new[] { Worker("a", "low"), Worker("b", "low"), Worker("c", "low"), Worker("d", "high") };
        var grants = Allocate([Job("low", min: 2, told: ["a", "b", "c"]), Job("high", priority: 1, told: ["d"])], workers);
        Assert.Equal(["a", "b"], grants["low"].Workers);
        Assert.Equal(WaitCause.Unspecified, grants["high"].Cause);
    }

    [Fact]
    public void It_suspends_the_lowest_and_youngest_where_it_must_and_no_more()
    {
        var workers = new[] { Worker("a", "old"), Worker("b", "young"), Worker("c", "middle"), Worker("d", "middle") };
        var grants = Allocate([Job("old", told: ["a"]), Job("young", created: 2, told: ["b"]), Job("middle", priority: 1, min: 2, told: ["c", "d"]), Job("high", priority: 2)], workers);
        Assert.Equal((1, 0, 2), (grants["old"].Workers.Count, grants["young"].Workers.Count, grants["middle"].Workers.Count));
        Assert.Equal("high", grants["young"].TakenFor?.Job);
    }

    [Fact]
    public void All_of_a_job_go_or_its_minimum_stays()
    {
        var workers = new[] { Worker("a", "low"), Worker("b", "low"), Worker("c", "low") };
        var grants = Allocate([Job("low", min: 3, told: ["a", "b", "c"]), Job("high", priority: 1, max: 1)], workers);
        Assert.Empty(grants["low"].Workers);
        Assert.Equal(3, grants["high"].Takes["low"]);
    }

    [Fact]
    public void Nothing_is_taken_that_does_not_suffice()
    {
        var workers = new[] { Worker("a", "low"), Worker("b", "equal") };
        var grants = Allocate([Job("low", told: ["a"]), Job("equal", priority: 1, told: ["b"]), Job("high", priority: 1, created: 2, min: 2)], workers);
        Assert.Equal(["a"], grants["low"].Workers);
        Assert.Equal((WaitCause.Workers, 0), (grants["high"].Cause, grants["high"].Takes.Count));
    }

    [Fact]
    public void Who_has_not_begun_to_serve_changes_over_at_once()
    {
        var grants = Allocate([Job("low", told: ["a"]), Job("high", priority: 1)], [Worker("a")]);
        Assert.Equal((0, "a"), (grants["low"].Workers.Count, Assert.Single(grants["high"].Workers)));
    }

    [Fact]
    public void A_user_has_no_more_workers_than_the_quota()
    {
        _quotas = new Quotas(3, Quotas.None.ByUser.Add("anna", 2));
        var workers = Enumerable.Range(0, 9).Select(number => Worker($"w{number}")).ToArray();
        var grants = Allocate([Job("j-1", user: "anna"), Job("j-2", user: "ben"), Job("j-3", user: "ben", created: 2), Job("j-4", user: "anna", created: 2, min: 2)], workers);
        Assert.Equal((1, 2, 1), (grants["j-1"].Workers.Count, grants["j-2"].Workers.Count, grants["j-3"].Workers.Count)); // What of anna's is left is kept for j-4.
        Assert.Equal((0, WaitCause.Quota), (grants["j-4"].Workers.Count, grants["j-4"].Cause));
        Assert.Equal("It needs 2, and the jobs of anna may have 2 together: it waits until others of these jobs have let go of enough.", WaitingReason.Special(Job("j-4", user: "anna", min: 2).Wanted, grants["j-4"], _quotas));
    }

    [Fact]
    public void A_job_beyond_its_quota_holds_back_nobody()
    {
        _quotas = new Quotas(1, Quotas.None.ByUser);
        var grants = Allocate([Job("j-1", min: 2), Job("j-2", created: 2)], [Worker("a"), Worker("b")]);
        Assert.Equal((WaitCause.Quota, "a"), (grants["j-1"].Cause, Assert.Single(grants["j-2"].Workers)));
        Assert.Equal("It needs 2, and jobs that name no creator may have 1: it waits until it needs fewer (trainer scale j-1 --min 1), or the quota is raised.", WaitingReason.Special(Job("j-1", min: 2).Wanted, grants["j-1"], _quotas));
    }

    [Fact]
    public void A_quota_is_made_room_in_by_the_users_own_jobs()
    {
        _quotas = new Quotas(1, Quotas.None.ByUser);
        var grants = Allocate([Job("low", user: "anna", told: ["a"]), Job("other", user: "ben", told: ["b"]), Job("high", user: "anna", priority: 1)], [Worker("a", "low"), Worker("b", "other"), Worker("c")]);
        Assert.Equal((0, 1), (grants["low"].Workers.Count, grants["other"].Workers.Count));
        Assert.Equal(["c"], grants["high"].Workers); // It need not wait for a.
    }

    [Fact]
    public void A_lowered_quota_takes_nothing_away()
    {
        _quotas = new Quotas(1, Quotas.None.ByUser);
        Assert.Equal(["a", "b"], Allocate([Job("j-1", told: ["a", "b"])], [Worker("a", "j-1"), Worker("b", "j-1"), Worker("c")])["j-1"].Workers);
    }

    private IReadOnlyDictionary<string, Grant> Allocate(AllocatedJob[] jobs, WorkerStatus[] workers) => Allocation.Allocate(jobs, workers, isSettled: true, _quotas);

    private static AllocatedJob Job(string id, uint min = 1, uint max = 16, int priority = 0, long created = 1, string user = "", string[]? told = null) => new(
        new JobWanted { Job = id, MinWorkers = min, MaxWorkers = max, Priority = priority, CreatedUnixMs = created, User = user },
        told?.ToImmutableSortedSet(StringComparer.Ordinal));

    private static WorkerStatus Worker(string name, string job = "") =>
        new() { Worker = name, Incarnation = "1", ActorPath = "akka://" + name, DeviceKind = "cpu", Numerics = "v1", Job = job };
}
