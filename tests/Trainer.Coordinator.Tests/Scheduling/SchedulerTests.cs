using Akka.Actor;
using Akka.TestKit.Xunit;
using Google.Protobuf.WellKnownTypes;
using Trainer.Coordinator.Scheduling;
using Trainer.Coordinator.Store;
using Trainer.Hosting;
using Trainer.Hosting.Cluster;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Scheduling;

public sealed class SchedulerTests : TestKit
{
    private readonly TemporaryFolder _folder = new();
    private readonly IJobStore _store;
    private readonly WorkerCensus _census = new();

    public SchedulerTests()
        : base("akka.loglevel = WARNING") => _store = new SqliteAddress(_folder.Path).Open();

    [Fact]
    public async Task It_wakes_the_jobs_that_have_not_ended()
    {
        await _store.InsertAsync(Samples.Row("j-1"));
        await _store.InsertAsync(Samples.Row("j-2", JobState.Failed));
        await _store.InsertAsync(Samples.Row("j-3", JobState.Running));
        Start(new SchedulerSettings());
        Assert.Equal(["j-1", "j-3"], new[] { await ExpectMsgAsync<JobEnvelope>(), await ExpectMsgAsync<JobEnvelope>() }.Select(wake => wake.Job).Order());
    }

    [Fact]
    public async Task It_tells_targets_lists_and_counts()
    {
        var scheduler = Start(new SchedulerSettings { WarmUp = TimeSpan.Zero, Settle = TimeSpan.Zero });
        scheduler.Tell(new WorkerStatus { Worker = "b", Incarnation = "1", Job = "j-0", Protocol = ClusterProtocol.Version });
        scheduler.Tell(new WorkerStatus { Worker = "a", Incarnation = "1", Protocol = ClusterProtocol.Version });
        scheduler.Tell(new JobWanted { Job = "j-1", MinWorkers = 1, MaxWorkers = 4 });
        var told = await ExpectMsgAsync<JobEnvelope>();
        Assert.Equal(("j-1", "a"), (told.Job, Assert.Single(told.Target.Workers).Worker));

        var list = await scheduler.Ask<ListWorkersReply>(new ListWorkersQuery(), TimeSpan.FromSeconds(10));
        Assert.Equal(["a", "b"], list.Workers.Select(worker => worker.Worker));
        Assert.All(list.LastSeenSeconds, seconds => Assert.InRange(seconds, 0, 10));
        Assert.Equal((1, 1), (_census.ByState["idle"], _census.ByState["busy"]));
        Assert.Equal(4, _census.Wanted["any"]);

        await WatchAsync(scheduler);
        Sys.Stop(scheduler);
        await ExpectTerminatedAsync(scheduler);
        Assert.Empty(_census.ByState);
        Assert.Empty(_census.Evicted);
        Assert.Empty(_census.Wanted);
    }

    [Fact]
    public async Task Whom_a_job_does_without_counts_as_evicted_as_long_as_it_lives_and_who_is_drained_as_shut()
    {
        var scheduler = Start(new SchedulerSettings { WarmUp = TimeSpan.Zero, Settle = TimeSpan.Zero });
        scheduler.Tell(new WorkerStatus { Worker = "a", Incarnation = "1", Job = "j-1", Protocol = ClusterProtocol.Version });
        scheduler.Tell(new WorkerStatus { Worker = "b", Incarnation = "1", Protocol = ClusterProtocol.Version });
        scheduler.Tell(new WorkerStatus { Worker = "c", Incarnation = "1", Protocol = ClusterProtocol.Version });
        scheduler.Tell(new JobWanted { Job = "j-1", MinWorkers = 1, MaxWorkers = 1, Workers = { "a" }, Avoid = { "b", "dead" } });
        await scheduler.Ask<DrainReply>(new DrainWorker { Worker = "c" }, TimeSpan.FromSeconds(10));

        Assert.Equal([("j-1", "b")], _census.Evicted);
        Assert.Equal((1, 1, 1), (_census.ByState["idle"], _census.ByState["busy"], _census.ByState["shut"]));
        Assert.Equal(["j-1"], _census.Served);
    }

    [Fact]
    public async Task It_takes_no_worker_of_another_protocol_and_says_so()
    {
        var scheduler = Start(new SchedulerSettings { WarmUp = TimeSpan.Zero, Settle = TimeSpan.Zero });
        scheduler.Tell(new WorkerStatus { Worker = "a", Node = "a:1", Incarnation = "1", Protocol = ClusterProtocol.Version + 1 }, TestActor);

        var refused = await ExpectMsgAsync<WorkerRefused>();

        Assert.Equal("a", refused.Worker);
        Assert.Equal(
            $"Worker a at a:1 speaks version {ClusterProtocol.Version + 1} of the cluster's protocol, and release {TrainerVersion.Current} version {ClusterProtocol.Version}: "
            + "use one release for all processes of a cluster.",
            refused.Reason);
        Assert.Empty((await scheduler.Ask<ListWorkersReply>(new ListWorkersQuery(), TimeSpan.FromSeconds(10))).Workers);
    }

    [Fact]
    public async Task A_drained_worker_leaves_and_nobody_drains_who_is_not_there()
    {
        var scheduler = Start(new SchedulerSettings { WarmUp = TimeSpan.Zero, Settle = TimeSpan.Zero });
        scheduler.Tell(new WorkerStatus { Worker = "a", Incarnation = "1", Protocol = ClusterProtocol.Version });
        Assert.False((await scheduler.Ask<DrainReply>(new DrainWorker { Worker = "b" }, TimeSpan.FromSeconds(10))).Known);
        Assert.True((await scheduler.Ask<DrainReply>(new DrainWorker { Worker = "a" }, TimeSpan.FromSeconds(10))).Known);
        Assert.True(Assert.Single((await scheduler.Ask<ListWorkersReply>(new ListWorkersQuery(), TimeSpan.FromSeconds(10))).Workers).Leaving);
    }

    [Fact]
    public async Task It_grants_nobody_in_quarantine_until_that_is_cleared()
    {
        await _store.QuarantineAsync(new Quarantine { Machine = "m", Device = "cpu", Worker = "gone", Job = "j-0", Reason = "x", Time = Timestamp.FromDateTimeOffset(Samples.Noon) });
        var scheduler = Start(new SchedulerSettings { WarmUp = TimeSpan.Zero, Settle = TimeSpan.Zero });
        await AwaitAssertAsync(async () => Assert.Single((await ListAsync()).Quarantines));
        scheduler.Tell(new WorkerStatus { Worker = "a", Incarnation = "1", Machine = "m", DeviceName = "cpu", Protocol = ClusterProtocol.Version });
        scheduler.Tell(new JobWanted { Job = "j-1", MinWorkers = 1, MaxWorkers = 4 });
        var told = await ExpectMsgAsync<JobEnvelope>();
        Assert.Empty(told.Target.Workers);
        Assert.Equal("Waiting for workers: it needs 1; there is 1 of , of which 1 is in quarantine.", told.Target.Message);
        Assert.True(Assert.Single((await ListAsync()).Workers).Quarantined);
        await _store.QuarantineAsync(new Quarantine { Machine = "m", Device = "cuda:0", Worker = "b", Job = "j-1", Reason = "y", Time = Timestamp.FromDateTimeOffset(Samples.Noon) });
        scheduler.Tell(new QuarantineStored { Job = "j-1" });
        Assert.Empty((await ClearAsync("other")).Cleared);
        Assert.Empty((await ClearAsync("m", "cuda:1")).Cleared);
        Assert.Equal("y", Assert.Single((await ClearAsync("m", "cuda:0")).Cleared).Reason);
        Assert.Equal("x", Assert.Single((await ClearAsync("a")).Cleared).Reason);
        Assert.Equal("a", Assert.Single((await ExpectMsgAsync<JobEnvelope>()).Target.Workers).Worker);
        Assert.Empty(await _store.QuarantinesAsync());

        Task<ListWorkersReply> ListAsync() => scheduler.Ask<ListWorkersReply>(new ListWorkersQuery(), TimeSpan.FromSeconds(10));
        Task<ClearReply> ClearAsync(string name, string device = "") => scheduler.Ask<ClearReply>(new ClearWorker { Name = name, Device = device }, TimeSpan.FromSeconds(10));
    }

    public override async ValueTask DisposeAsync()
    {
        // Actors use the store to their last message, and the kit's own end of the system comes after all clean-up.
        await Sys.Terminate();
        await base.DisposeAsync();
        _store.Dispose();
        _folder.Dispose();
    }

    private IActorRef Start(SchedulerSettings settings)
    {
        var services = new SchedulerServices(_store, TestActor, settings, TimeProvider.System, _census);
        return Sys.ActorOf(Props.Create(() => new Scheduler(services)));
    }
}
