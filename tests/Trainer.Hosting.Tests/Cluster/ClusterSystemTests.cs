using Akka.Actor;
using Trainer.Hosting.Cluster;
using Trainer.Protos.Cluster;

namespace Trainer.Hosting.Tests.Cluster;

public sealed class ClusterSystemTests : IAsyncLifetime
{
    private readonly List<ActorSystem> _systems = [];

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync() => await Task.WhenAll(_systems.Select(system => system.Terminate()));

    [Fact]
    public async Task A_sole_coordinator_forms_the_cluster_and_a_worker_joins_it()
    {
        var coordinator = Start(TestCluster.Coordinator());
        await TestCluster.Eventually("coordinator up", () => ClusterSystem.IsUp(coordinator));
        var worker = Start(TestCluster.Worker(ClusterSystem.SelfAddress(coordinator).ToString()));
        await TestCluster.Eventually("worker up", () => ClusterSystem.IsUp(worker));

        await ClusterSystem.LeaveAsync(worker);
        Assert.False(ClusterSystem.IsUp(worker));
        await TestCluster.Eventually("worker gone", () => Akka.Cluster.Cluster.Get(coordinator).State.Members.Count == 1);
    }

    /// <summary>Pods are known by their addresses.</summary>
    [Fact]
    public async Task Members_may_be_known_by_addresses_of_IPv6()
    {
        Assert.SkipUnless(System.Net.Sockets.Socket.OSSupportsIPv6, "The machine has no IPv6.");
        var coordinator = Start(TestCluster.Coordinator() with { Host = "::1" });
        await TestCluster.Eventually("coordinator up", () => ClusterSystem.IsUp(coordinator));
        var seed = ClusterSystem.SelfAddress(coordinator);
        var worker = Start(TestCluster.Worker($"{seed.Host}:{seed.Port}") with { Host = "::1" });

        await TestCluster.Eventually("worker up", () => ClusterSystem.IsUp(worker));

        Assert.Equal("[::1]", ClusterSystem.SelfAddress(worker).Host);
    }

    [Fact]
    public async Task Envelopes_reach_the_jobs_entity_and_statuses_the_scheduler_from_any_process()
    {
        var coordinator = Start(TestCluster.Coordinator());
        ClusterActors.StartJobs(coordinator, job => Props.Create(() => new EchoEntity(job)));
        ClusterActors.StartScheduler(coordinator, Props.Create(() => new EchoScheduler()));
        var worker = Start(TestCluster.Worker(ClusterSystem.SelfAddress(coordinator).ToString()));
        var jobs = ClusterActors.StartJobsProxy(worker);
        var scheduler = ClusterActors.StartSchedulerProxy(worker);

        var workers = await scheduler.Ask<ListWorkersReply>(new ListWorkersQuery(), TimeSpan.FromSeconds(20));
        Assert.Equal([7.5], workers.LastSeenSeconds);
        var refused = await jobs.Ask<JobRefused>(new JobEnvelope { Job = "j-5", Get = new GetJob() }, TimeSpan.FromSeconds(20));
        Assert.Equal(("j-5", "Get"), (refused.Job, refused.Message));
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("akka.tcp://other@127.0.0.1:5000")]
    [InlineData("akka.tcp://trainer")]
    public void A_seed_that_is_no_address_is_refused(string seed)
    {
        var system = ClusterSystem.Create(TestCluster.Worker(seed));
        _systems.Add(system);
        var error = Assert.Throws<ArgumentException>(() => ClusterSystem.Join(system, [seed]));
        Assert.StartsWith($"Seed '{seed}' is not an address; expected HOST:PORT", error.Message);
    }

    [Fact]
    public void A_worker_without_seeds_is_refused()
    {
        var system = ClusterSystem.Create(TestCluster.Worker());
        _systems.Add(system);
        Assert.Throws<ArgumentException>(() => ClusterSystem.Join(system, []));
    }

    private ActorSystem Start(ClusterOptions options)
    {
        var system = ClusterSystem.Create(options);
        _systems.Add(system);
        ClusterSystem.Join(system, options.Seeds);
        return system;
    }

    private sealed class EchoEntity : ReceiveActor
    {
        public EchoEntity(string job) => Receive<JobEnvelope>(envelope =>
            Sender.Tell(new JobRefused { Job = job, Message = envelope.MessageCase.ToString() }));
    }

    private sealed class EchoScheduler : ReceiveActor
    {
        public EchoScheduler() => Receive<ListWorkersQuery>(_ => Sender.Tell(new ListWorkersReply { LastSeenSeconds = { 7.5 } }));
    }
}
