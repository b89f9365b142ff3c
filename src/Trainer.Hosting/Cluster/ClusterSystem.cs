using Akka.Actor;

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
}

/// <summary>Makes the cluster's actor systems: one configuration for all processes, protobuf messages only.</summary>
public static class ClusterSystem
{
    /// <summary>Creates and binds an actor system; it has not joined yet.</summary>
    public static ActorSystem Create(ClusterOptions options) => throw new NotImplementedException();

    /// <summary>The address under which other processes reach the system.</summary>
    public static Address SelfAddress(ActorSystem system) => throw new NotImplementedException();
}
