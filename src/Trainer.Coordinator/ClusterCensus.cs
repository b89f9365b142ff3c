using Akka.Actor;
using Trainer.Hosting.Cluster;

namespace Trainer.Coordinator;

/// <summary>The membership as the metrics count it.</summary>
internal static class ClusterCensus
{
    public static IReadOnlyDictionary<(string Role, string Status), int> Members(ActorSystem system) =>
        Akka.Cluster.Cluster.Get(system).State.Members
            .CountBy(member => (
                member.HasRole(ClusterNames.CoordinatorRole) ? ClusterNames.CoordinatorRole : ClusterNames.WorkerRole,
                member.Status.ToString().ToLowerInvariant()))
            .ToDictionary();

    public static int Unreachable(ActorSystem system) => Akka.Cluster.Cluster.Get(system).State.Unreachable.Count;
}
