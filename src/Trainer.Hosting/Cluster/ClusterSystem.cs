using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster;
using Akka.Remote;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Certificates;

namespace Trainer.Hosting.Cluster;

/// <summary>How a process takes part in the cluster.</summary>
public sealed record ClusterOptions
{
    /// <summary><see cref="ClusterNames.CoordinatorRole"/> or <see cref="ClusterNames.WorkerRole"/>.</summary>
    public required string Role { get; init; }

    /// <summary>The address to bind and to be known by.</summary>
    public required string Host { get; init; }

    /// <summary>0: any free port.</summary>
    public int Port { get; init; }

    /// <summary>
    /// Addresses of all coordinators (see <see cref="SeedAddress"/>), in the same order everywhere. Empty on a coordinator: it is the only one.
    /// </summary>
    public IReadOnlyList<string> Seeds { get; init; } = [];

    /// <summary>What the process shows to the others, and whom it trusts; null: all is said in clear, to everybody.</summary>
    public ProcessCertificates? Certificates { get; init; }

    /// <summary>Where the actor system's log goes.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>HOCON that goes before everything else; tests shorten intervals with it.</summary>
    public string Overrides { get; init; } = "";
}

/// <summary>Makes the cluster's actor systems: one configuration for all processes, protobuf messages only.</summary>
public static class ClusterSystem
{
    /// <summary>Creates and binds an actor system; it has not joined yet.</summary>
    /// <exception cref="IOException">The address cannot be bound.</exception>
    public static ActorSystem Create(ClusterOptions options)
    {
        var setup = BootstrapSetup.Create().WithConfig(ClusterSettings.For(options))
            .And(ProtobufSerializer.Setup())
            .And(new PeerTransportSetup(options.Certificates, Coordinators(options), options.Loggers.CreateLogger("Trainer.Hosting.Cluster")))
            .And(new LoggerSetup(options.Loggers));
        try
        {
            return ActorSystem.Create(ClusterNames.System, setup);
        }
        catch (Exception e) when (e.GetBaseException() is SocketException or RemoteTransportException)
        {
            throw new IOException($"actor messages cannot be taken at {options.Host}:{options.Port}: {OwnHost.WhyNotBound(options.Host, options.Port) ?? e.Message}", e);
        }
    }

    private static List<Address> Coordinators(ClusterOptions options) =>
        [.. options.Seeds.Select(seed => SeedAddress.TryParse(seed, out var address) ? address : null).OfType<Address>()];

    /// <summary>The address under which other processes reach the system.</summary>
    public static Address SelfAddress(ActorSystem system) => Akka.Cluster.Cluster.Get(system).SelfAddress;

    /// <summary>
    /// Begins to join; returns at once. The first seed forms the cluster when no other answers; a coordinator without seeds forms its own.
    /// </summary>
    /// <exception cref="ArgumentException">A seed is not an address, or a worker has none.</exception>
    public static void Join(ActorSystem system, IReadOnlyList<string> seeds)
    {
        var cluster = Akka.Cluster.Cluster.Get(system);
        if (seeds.Count > 0)
        {
            cluster.JoinSeedNodes(seeds.Select(SeedAddress.Parse));
        }
        else if (cluster.SelfRoles.Contains(ClusterNames.CoordinatorRole))
        {
            cluster.Join(cluster.SelfAddress);
        }
        else
        {
            throw new ArgumentException("A worker needs the address of at least one coordinator.", nameof(seeds));
        }
    }

    /// <summary>Whether the process is a full member right now; unlike Akka's own readiness check this does not latch.</summary>
    public static bool IsUp(ActorSystem system) =>
        !system.WhenTerminated.IsCompleted && Akka.Cluster.Cluster.Get(system).SelfMember.Status == MemberStatus.Up;

    /// <summary>Leaves the cluster in good order and terminates the system.</summary>
    public static Task LeaveAsync(ActorSystem system) =>
        CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);
}
