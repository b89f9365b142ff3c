using Akka.Actor;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Cluster;
using Trainer.Node.Cluster;
using Trainer.Node.Tests.Training;
using Trainer.Node.Tests.Worker;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Cluster;

/// <summary>The cluster system comes and goes; training does not notice.</summary>
public class ClusterAgentTests
{
    private const uint Endless = 1_000_000;

    [Fact]
    public async Task Orders_come_in_reports_go_out_and_a_rebuilt_cluster_system_does_not_disturb_training()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 1).ReadyAsync();
        await using var coordinator = new FakeCoordinator();
        using var stop = new CancellationTokenSource();
        var cluster = Cluster(group, () => coordinator.Address.ToString());
        var member = cluster.RunAsync(stop.Token);

        var idle = await coordinator.HearAsync<WorkerStatus>(_ => true);
        Assert.Equal(("worker-0", "life-0", "", false), (idle.Worker, idle.Incarnation, idle.Job, idle.Leaving));
        Assert.StartsWith(idle.Node, idle.ActorPath[(idle.ActorPath.IndexOf('@') + 1)..], StringComparison.Ordinal);
        await BeginAsync(coordinator, idle, group, data.Job(epochs: Endless));
        var before = await coordinator.HearAsync<WorkerReport>(report => report.Alive?.Step > 0);
        var busy = await coordinator.HearAsync<WorkerStatus>(status => status.Job == "job");

        await cluster.System!.Terminate();
        var again = await coordinator.HearAsync<WorkerStatus>(status => status.ActorPath != busy.ActorPath);
        Assert.Equal(("job", "life-0", busy.Generation), (again.Job, again.Incarnation, again.Generation));
        var after = await coordinator.HearAsync<WorkerReport>(report => report.Alive?.Step > before.Alive.Step);
        Assert.Equal(before.Generation, after.Generation);

        coordinator.Order(again, new Query { Job = "job", Worker = "worker-0", Generation = after.Generation });
        await coordinator.HearAsync<WorkerReport>(report => report.Epoch?.Summary.Epoch == 1);
        coordinator.Order(again, new Release { Job = "job", Worker = "somebody else", Generation = after.Generation });
        coordinator.Order(again, new Release { Job = "job", Worker = "worker-0", Generation = after.Generation });
        await coordinator.HearAsync<WorkerStatus>(status => status.Job.Length == 0);
        await stop.CancelAsync();
        await member;
    }

    [Fact]
    public async Task A_coordinator_that_is_killed_and_comes_back_finds_the_worker_at_work()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 1).ReadyAsync();
        using var stop = new CancellationTokenSource();
        var first = new FakeCoordinator();
        var address = first.Address;
        var cluster = Cluster(group, () => address.ToString());
        var member = cluster.RunAsync(stop.Token);
        await BeginAsync(first, await first.HearAsync<WorkerStatus>(_ => true), group, data.Job(epochs: Endless));
        var before = await first.HearAsync<WorkerReport>(report => report.Alive?.Step > 0);
        await first.DisposeAsync();

        await using var second = new FakeCoordinator();
        address = second.Address;
        var found = await second.HearAsync<WorkerStatus>(_ => true);
        Assert.Equal(("job", "life-0", before.Generation), (found.Job, found.Incarnation, found.Generation));
        await second.HearAsync<WorkerReport>(report => report.Alive?.Step > before.Alive.Step);
        await stop.CancelAsync();
        await member;
    }

    private static async Task BeginAsync(FakeCoordinator coordinator, WorkerStatus worker, WorkerGroup group, JobSpec job)
    {
        coordinator.Order(worker, new Enlist { Job = "job", Worker = "worker-0", Generation = WorkerGroup.Number(0), Incarnation = "life-0", Spec = job });
        await coordinator.HearAsync<WorkerReport>(report => report.Standby is not null);
        coordinator.Order(worker, group.StartOf("job", job, rank: 0, number: 1, members: [0]));
    }

    private static DisposableCluster Cluster(WorkerGroup group, Func<string> seed) => NodeCluster.Create(
        () => new ClusterOptions { Role = ClusterNames.WorkerRole, Host = "127.0.0.1", Seeds = [seed()] },
        new Dictionary<string, IActorRef> { ["worker-0"] = group.Workers[0] },
        _ => { },
        NullLogger.Instance);
}
