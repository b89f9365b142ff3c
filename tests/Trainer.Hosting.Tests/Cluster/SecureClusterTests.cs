using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Tests.Certificates;

namespace Trainer.Hosting.Tests.Cluster;

/// <summary>Members in mutual TLS: who does not belong ends nobody, and certificates are exchanged while all goes on.</summary>
public sealed class SecureClusterTests : IAsyncLifetime
{
    private readonly TestCertificates _certificates = new();
    private readonly List<ActorSystem> _systems = [];

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_systems.Select(system => system.Terminate()));
        _certificates.Dispose();
    }

    [Fact]
    public async Task Members_find_each_other_and_stay_members_while_everything_is_exchanged()
    {
        var (forCoordinator, forWorker) = (_certificates.Load(PeerRoles.Coordinator), _certificates.Load(PeerRoles.Node));
        var coordinator = Start(TestCluster.Coordinator() with { Certificates = forCoordinator });
        var seed = ClusterSystem.SelfAddress(coordinator).ToString();
        var worker = Start(TestCluster.Worker(seed) with { Certificates = forWorker });
        await UpAsync(coordinator, worker);
        using var next = TestCertificates.NewAuthority();

        _certificates.Trust(_certificates.Authority, next);
        await ExchangeAsync();
        _certificates.Write(next);
        _certificates.Trust(_certificates.Authority, next);
        await ExchangeAsync();
        _certificates.Trust(next);
        await ExchangeAsync();

        var late = Start(TestCluster.Worker(seed) with { Certificates = _certificates.Load(PeerRoles.Node) });
        await UpAsync(late);
        Assert.Equal(3, Akka.Cluster.Cluster.Get(coordinator).State.Members.Count);

        async Task ExchangeAsync()
        {
            forCoordinator.Look();
            forWorker.Look();
            var echo = coordinator.ActorSelection(new RootActorPath(ClusterSystem.SelfAddress(worker)) / "user" / "echo");
            await TestCluster.Eventually("an answer", () => Answers(echo));
            Assert.Equal([MemberStatusUp, MemberStatusUp], Akka.Cluster.Cluster.Get(coordinator).State.Members.Select(member => member.Status));
        }
    }

    /// <summary>Akka's own transport ends the system that dials such a member.</summary>
    [Theory]
    [InlineData("expired")]
    [InlineData("foreign")]
    [InlineData("garbage")]
    public async Task A_member_that_comes_back_with_the_wrong_certificate_ends_no_coordinator(string how)
    {
        var coordinator = Start(TestCluster.Coordinator() with { Certificates = _certificates.Load(PeerRoles.Coordinator) });
        var seed = ClusterSystem.SelfAddress(coordinator).ToString();
        var worker = Start(TestCluster.Worker(seed) with { Certificates = _certificates.Load(PeerRoles.Node) });
        await UpAsync(coordinator, worker);
        var address = ClusterSystem.SelfAddress(worker);
        await TestCluster.Crash(worker);

        using var others = new TestCertificates();
        others.Write(how == "expired" ? _certificates.Authority : others.Authority, age: how == "expired" ? TimeSpan.FromDays(2) : default);
        others.Trust(_certificates.Authority);
        using var garbage = how == "garbage" ? new Garbage(address.Port!.Value) : null;
        if (garbage is null)
        {
            Start(TestCluster.Worker(seed) with { Port = address.Port!.Value, Certificates = others.Load(PeerRoles.Node) });
        }

        await TestCluster.Eventually("the lost member is gone", () => Akka.Cluster.Cluster.Get(coordinator).State.Members.Count == 1);
        var second = Start(TestCluster.Worker(seed) with { Certificates = _certificates.Load(PeerRoles.Node) });
        await UpAsync(second, coordinator);
        Assert.False(coordinator.WhenTerminated.IsCompleted);
    }

    /// <summary>Akka answers over the connection that a peer opened, whatever address the peer says it has.</summary>
    [Theory]
    [InlineData(PeerRoles.Coordinator, true)]
    [InlineData(PeerRoles.Node, false)]
    public async Task A_coordinators_address_is_a_coordinators_also_where_it_connects(string role, bool answered)
    {
        var seed = Start(TestCluster.Coordinator() with { Certificates = _certificates.Load(role) });
        var worker = Start(TestCluster.Worker(ClusterSystem.SelfAddress(seed).ToString()) with { Certificates = _certificates.Load(PeerRoles.Node) });
        var echo = seed.ActorSelection(new RootActorPath(ClusterSystem.SelfAddress(worker)) / "user" / "echo");

        var found = false;
        for (var tries = 0; tries < (answered ? 30 : 3) && !found; tries++)
        {
            found = await Task.Run(() => Answers(echo));
        }

        Assert.Equal(answered, found);
    }

    [Fact]
    public async Task An_address_without_a_port_is_an_association_that_fails()
    {
        var transport = new PeerTransport((ExtendedActorSystem)Start(TestCluster.Coordinator()), Akka.Configuration.ConfigurationFactory.ParseString("hostname = 127.0.0.1, port = 0"));

        await Assert.ThrowsAsync<Akka.Remote.Transport.InvalidAssociationException>(() => transport.Associate(new Address("tcp", ClusterNames.System, "127.0.0.1", null)));
        await transport.Shutdown();
    }

    [Theory]
    [InlineData("foreign", "does not accept this process's certificate")]
    [InlineData("node", "its certificate says that it is a node; expected a coordinator")]
    [InlineData("clear", "does not answer in TLS")]
    public async Task Who_cannot_join_hears_why(string how, string reason)
    {
        using var others = new TestCertificates();
        others.Trust(_certificates.Authority);
        var options = TestCluster.Coordinator() with { Certificates = how == "clear" ? null : _certificates.Load(how == "node" ? PeerRoles.Node : PeerRoles.Coordinator) };
        var seed = ClusterSystem.SelfAddress(Start(options)).ToString();
        var own = how == "foreign" ? others : _certificates;

        var node = own.Load(PeerRoles.Node);
        var told = "";
        for (var tries = 0; tries < 20 && !told.EndsWith($"({reason})", StringComparison.Ordinal); tries++)
        {
            told = await SeedProbe.DescribeAsync([seed], node, CancellationToken.None); // On a busy machine a refusal may come too late to be heard.
        }

        Assert.EndsWith($"({reason})", told);
    }

    private const Akka.Cluster.MemberStatus MemberStatusUp = Akka.Cluster.MemberStatus.Up;

    private static bool Answers(ActorSelection echo)
    {
        try
        {
            return echo.ResolveOne(TimeSpan.FromSeconds(1)).GetAwaiter().GetResult() is not null;
        }
        catch (ActorNotFoundException)
        {
            return false;
        }
    }

    private static async Task UpAsync(params ActorSystem[] systems)
    {
        foreach (var system in systems)
        {
            await TestCluster.Eventually("up", () => ClusterSystem.IsUp(system));
        }
    }

    private ActorSystem Start(ClusterOptions options)
    {
        var system = ClusterSystem.Create(options);
        _systems.Add(system);
        system.ActorOf(Props.Create(() => new Echo()), "echo");
        ClusterSystem.Join(system, options.Seeds);
        return system;
    }

    private sealed class Echo : ReceiveActor;

    /// <summary>Answers whoever connects with what is no TLS.</summary>
    private sealed class Garbage : IDisposable
    {
        private readonly Socket _listening = new(SocketType.Stream, ProtocolType.Tcp);

        public Garbage(int port)
        {
            _listening.Bind(new IPEndPoint(IPAddress.Loopback, port));
            _listening.Listen();
            new Thread(AnswerAll) { IsBackground = true }.Start();
        }

        public void Dispose() => _listening.Dispose();

        private void AnswerAll()
        {
            try
            {
                while (true)
                {
                    using var socket = _listening.Accept();
                    socket.Send(new byte[100]);
                }
            }
            catch (SocketException)
            {
                // The test is over.
            }
        }
    }
}
