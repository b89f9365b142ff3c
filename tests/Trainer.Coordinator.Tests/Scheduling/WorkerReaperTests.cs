using Akka.Actor;
using Akka.Cluster;
using Trainer.Coordinator.Scheduling;
using Trainer.Hosting.Cluster;

namespace Trainer.Coordinator.Tests.Scheduling;

public sealed class WorkerReaperTests : IAsyncLifetime
{
    private readonly List<ActorSystem> _systems = [];

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        foreach (var system in _systems)
        {
            await system.Terminate();
        }
    }

    [Fact]
    public async Task A_worker_that_cannot_be_reached_leaves_the_membership_and_the_others_stay()
    {
        // Longer than a busy machine keeps a member from its heartbeats: the one that stays has to be heard all the time.
        const string quiet = "\nakka.cluster.failure-detector.acceptable-heartbeat-pause = 8s\n";
        var coordinator = Member(ClusterNames.CoordinatorRole, quiet);
        ClusterSystem.Join(coordinator, []);
        coordinator.ActorOf(Props.Create(() => new WorkerReaper()));
        var seed = ClusterSystem.SelfAddress(coordinator).ToString();
        var (crashing, staying) = (Member(ClusterNames.WorkerRole, quiet), Member(ClusterNames.WorkerRole, quiet));
        ClusterSystem.Join(crashing, [seed]);
        ClusterSystem.Join(staying, [seed]);
        await EventuallyAsync(() => Up(coordinator) == 3, "three members are up");

        await ((Akka.Remote.RemoteActorRefProvider)((ExtendedActorSystem)crashing).Provider).Transport.Shutdown();

        // The resolver alone would wait for ten minutes here.
        await EventuallyAsync(() => Cluster.Get(coordinator).State.Members.Count == 2, "the worker is gone");
        Assert.Equal(2, Up(coordinator));
        Assert.DoesNotContain(Cluster.Get(coordinator).State.Members, member => member.Address == ClusterSystem.SelfAddress(crashing));
    }

    [Fact]
    public async Task A_worker_whose_port_refuses_connections_holds_up_nobody_who_joins()
    {
        const string patient = "\nakka.cluster.failure-detector.acceptable-heartbeat-pause = 10m\n";
        var coordinator = Member(ClusterNames.CoordinatorRole, patient);
        ClusterSystem.Join(coordinator, []);
        coordinator.ActorOf(Props.Create(() => new WorkerReaper()));
        var crashing = Member(ClusterNames.WorkerRole, patient);
        ClusterSystem.Join(crashing, [ClusterSystem.SelfAddress(coordinator).ToString()]);
        await EventuallyAsync(() => Up(coordinator) == 2, "both members are up");

        await ((Akka.Remote.RemoteActorRefProvider)((ExtendedActorSystem)crashing).Provider).Transport.Shutdown();

        await EventuallyAsync(() => Up(coordinator) == 1, "the worker is down");
        var next = Member(ClusterNames.WorkerRole, patient);
        ClusterSystem.Join(next, [ClusterSystem.SelfAddress(coordinator).ToString()]);
        await EventuallyAsync(() => Up(coordinator) == 2, "the next one is up");
    }

    private static int Up(ActorSystem system) => Cluster.Get(system).State.Members.Count(member => member.Status == MemberStatus.Up);

    private static async Task EventuallyAsync(Func<bool> condition, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            Assert.False(limit.IsCancellationRequested, $"Waited in vain until {what}.");
            await Task.Delay(20);
        }
    }

    private ActorSystem Member(string role, string overrides = "")
    {
        var system = ClusterSystem.Create(new ClusterOptions
        {
            Role = role,
            Host = "127.0.0.1",
            Overrides = "akka.cluster.split-brain-resolver.stable-after = 10m\nakka.cluster.down-removal-margin = 200ms\n" + TestCoordinator.QuickCluster.Replace("split-brain-resolver.stable-after = 1s", "", StringComparison.Ordinal).Replace("down-removal-margin = 200ms", "", StringComparison.Ordinal) + overrides,
        });
        _systems.Add(system);
        return system;
    }
}
