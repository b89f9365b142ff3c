using Akka.Actor;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Cluster;

namespace Trainer.Node.Cluster;

/// <summary>A node's place in the cluster: a disposable actor system with its workers' agent in it.</summary>
internal static class NodeCluster
{
    /// <param name="options">Asked for at every rebuild.</param>
    /// <param name="workers">In the training system, which stays; by name.</param>
    /// <param name="started">Told every new system, before it joins.</param>
    public static DisposableCluster Create(Func<ClusterOptions> options, IReadOnlyDictionary<string, IActorRef> workers, Action<ActorSystem> started, ILogger logger) => new(
        options,
        system =>
        {
            var (jobs, scheduler) = (ClusterActors.StartJobsProxy(system), ClusterActors.StartSchedulerProxy(system));
            system.ActorOf(Props.Create(() => new ClusterAgent(workers, jobs, scheduler)), ClusterNames.Agent);
            started(system);
        },
        logger);
}
