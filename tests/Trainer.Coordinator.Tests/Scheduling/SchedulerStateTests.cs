using Trainer.Coordinator.Scheduling;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Scheduling;

public sealed class SchedulerStateTests
{
    private static readonly SchedulerSettings Settings = new();

    private SchedulerState _state = new(Settings, Samples.Noon);
    private DateTimeOffset _now = Samples.Noon;

    [Fact]
    public void A_new_one_tells_nobody_anything_before_it_has_heard_of_all()
    {
        Assert.Empty(Hear(Wanted()).Concat(Hear(Worker("a"))));
        Assert.Empty(Pass(1));
        Assert.Equal(["a"], Names(Assert.Single(Pass(1))));
    }

    [Fact]
    public void A_target_is_told_when_it_changes_and_to_whoever_asks()
    {
        Begin(Wanted(), Worker("a"));
        Assert.Empty(Pass(1));
        Assert.Equal(["a"], Names(Assert.Single(Hear(Wanted()))));
        Assert.Empty(Hear(Worker("b"))); // More may follow.
        Assert.Equal(["a", "b"], Names(Assert.Single(Pass(0.6))));
    }

    [Fact]
    public void Whom_nobody_hears_stays_with_the_job_that_counts_on_it_as_a_bare_name()
    {
        Begin(Wanted("a"), Worker("a", job: "j-1"));
        for (var second = 0; second < 6; second++)
        {
            Hear(Wanted("a"));
            Pass(1);
        }

        var target = Assert.Single(Hear(Wanted("a"))).Target;
        Assert.Equal(("a", ""), (Assert.Single(target.Workers).Worker, target.Workers[0].ActorPath));
        Assert.Empty(Assert.Single(Hear(Wanted())).Target.Workers);
    }

    /// <summary>A life that follows on the same machine, and one that is over, are everyday matters.</summary>
    [Fact]
    public void Who_takes_the_name_of_a_living_worker_elsewhere_is_told_of()
    {
        Hear(On("m-1", "0002", "here:4054"));
        Assert.Null(_state.TakenOver(On("m-1", "0003", "here:4055"), _now));
        Assert.Null(_state.TakenOver(On("m-2", "0001", "there:4054"), _now));
        Assert.Equal(
            "Worker a at there:4054 takes the name of a worker at here:4054 that spoke 1.5 s ago, and its place. If both are to work, give each a name of its own (trainer node --name).",
            _state.TakenOver(On("m-2", "0003", "there:4054"), _now.AddSeconds(1.5)));

        static WorkerStatus On(string host, string incarnation, string node)
        {
            var status = Worker("a");
            (status.Host, status.Incarnation, status.Node) = (host, incarnation, node);
            return status;
        }
    }

    [Fact]
    public void A_job_that_says_nothing_or_is_settled_wants_nothing()
    {
        Begin(Wanted(), Worker("a"));
        for (var second = 0; second < 16; second++)
        {
            Hear(Worker("a"));
            Pass(1);
        }

        Assert.Empty(_state.Jobs);
        Hear(Wanted());
        Take(_state.Hear(new JobSettled { Job = "j-1" }, _now));
        Assert.Empty(_state.Jobs);
    }

    [Fact]
    public void A_drained_life_is_in_no_target_and_the_next_one_is()
    {
        Begin(Wanted(), Worker("a"));
        Assert.Empty(Names(Assert.Single(Take(_state.Drain(new DrainWorker { Worker = "a" }, _now)))));
        Assert.Empty(Hear(Worker("a")));
        Hear(Worker("a", life: 2));
        Assert.Equal(["a"], Names(Assert.Single(Pass(0.6))));
        Assert.True(_state.Knows("a"));
    }

    [Fact]
    public void A_drain_may_be_undone()
    {
        Begin(Wanted(), Worker("a"));
        Take(_state.Drain(new DrainWorker { Worker = "a" }, _now));
        Take(_state.Drain(new DrainWorker { Worker = "a", Undo = true }, _now));
        Assert.Equal(["a"], Names(Assert.Single(Pass(0.6))));
        Take(_state.Drain(new DrainWorker { Worker = "nobody" }, _now));
        Assert.False(_state.Knows("nobody"));
    }

    [Fact]
    public void What_a_life_that_is_over_says_is_dropped()
    {
        Begin(Wanted(), Worker("a", life: 2));
        Assert.Empty(Hear(Worker("a", job: "j-9", life: 1)));
        Assert.Equal(("2", ""), (_state.Workers["a"].Status.Incarnation, _state.Workers["a"].Status.Job));
    }

    [Fact]
    public void Whoever_asks_hears_who_serves_the_job()
    {
        var asking = Wanted();
        asking.Asking = true;
        Begin(asking, Worker("a", job: "j-1"));
        Assert.Equal("a", Assert.Single(Assert.Single(Hear(asking)).Target.Serving).Worker);
        Assert.Empty(Assert.Single(Hear(Wanted())).Target.Serving);
    }

    [Fact]
    public void A_worker_that_is_avoided_or_leaves_is_given_to_nobody()
    {
        var wanted = Wanted();
        wanted.Avoid.Add("a");
        var leaving = Worker("b");
        leaving.Leaving = true;
        Hear(leaving);
        Begin(wanted, Worker("a"));
        Assert.Empty(Assert.Single(Hear(wanted)).Target.Workers);
    }

    [Fact]
    public void Who_waits_is_told_in_the_order_of_turns_with_who_is_there()
    {
        Begin(Wanted("a"), Worker("a", job: "j-1"));
        Hear(Worker("b"));
        Hear(new JobWanted { Job = "j-2", MinWorkers = 2, MaxWorkers = 2 });
        Hear(new JobWanted { Job = "j-3", MinWorkers = 7, MaxWorkers = 7, Priority = 5 });
        Pass(0.6);
        Assert.Equal(
            [("j-3", 2u, 1u, "Waiting for workers: it needs 7 with equal numerics; there are 2 of cpu."), ("j-2", 2u, 1u, "It needs 2; of 2 that fit, 1 is free, 1 for j-1.")],
            _state.Waiting().Select(job => (job.Wanted.Job, job.Fitting, job.Free, job.Message)));
    }

    [Fact]
    public void A_job_that_has_begun_waits_for_its_own_arithmetic_and_is_told_of_the_others_that_are_here()
    {
        Begin(new JobWanted { Job = "j-1", MinWorkers = 1, MaxWorkers = 4, Numerics = "v0" }, Worker("a"));

        var waiting = Assert.Single(_state.Waiting());
        Assert.Equal((0u, "Waiting for workers: it needs 1 with numerics v0; there is 1 of cpu, with numerics v1."), (waiting.Fitting, waiting.Message));
    }

    private static JobWanted Wanted(params string[] has) => new() { Job = "j-1", MinWorkers = 1, MaxWorkers = 4, Workers = { has } };

    private static WorkerStatus Worker(string name, string job = "", int life = 1) =>
        new() { Worker = name, Incarnation = $"{life}", ActorPath = $"akka://{name}", Job = job, DeviceKind = "cpu", Numerics = "v1" };

    private static IEnumerable<string> Names(JobEnvelope told) => told.Target.Workers.Select(worker => worker.Worker);

    // After the time in which a new one only listens.
    private void Begin(JobWanted job, WorkerStatus worker)
    {
        Hear(job);
        Hear(worker);
        Pass(2);
    }

    private IReadOnlyList<JobEnvelope> Hear(JobWanted job) => Take(_state.Hear(job, _now));

    private IReadOnlyList<JobEnvelope> Hear(WorkerStatus worker) => Take(_state.Hear(worker, _now));

    private IReadOnlyList<JobEnvelope> Pass(double seconds)
    {
        _now += TimeSpan.FromSeconds(seconds);
        return Take(_state.Tick(_now));
    }

    private IReadOnlyList<JobEnvelope> Take(SchedulerDecision decision)
    {
        _state = decision.Next;
        return decision.Messages;
    }
}
