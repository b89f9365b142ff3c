using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Cluster.Tools.Singleton;
using Trainer.Protos.Cluster;

namespace Trainer.Hosting.Cluster;

/// <summary>Job entities and scheduler: how coordinators start them and how everybody reaches them.</summary>
public static class ClusterActors
{
    /// <summary>Coordinators: hosts job entities. Entities receive whole <see cref="JobEnvelope"/>s; the reference takes them for any job.</summary>
    public static IActorRef StartJobs(ActorSystem system, Func<string, Props> entity) =>
        ClusterSharding.Get(system).Start(ClusterNames.JobsRegion, entity, ClusterShardingSettings.Create(system), JobsExtractor);

    /// <summary>Everybody else: takes <see cref="JobEnvelope"/>s and delivers them to the jobs' entities.</summary>
    public static IActorRef StartJobsProxy(ActorSystem system) =>
        ClusterSharding.Get(system).StartProxy(ClusterNames.JobsRegion, ClusterNames.CoordinatorRole, JobsExtractor);

    /// <summary>Coordinators: one of them, the oldest, runs the scheduler.</summary>
    public static IActorRef StartScheduler(ActorSystem system, Props scheduler) =>
        system.ActorOf(
            ClusterSingletonManager.Props(scheduler, PoisonPill.Instance, ClusterSingletonManagerSettings.Create(system)),
            ClusterNames.Scheduler);

    /// <summary>Coordinators: one of them, the oldest, tells receivers outside the cluster of jobs.</summary>
    public static IActorRef StartDeliveries(ActorSystem system, Props deliveries) =>
        system.ActorOf(
            ClusterSingletonManager.Props(deliveries, PoisonPill.Instance, ClusterSingletonManagerSettings.Create(system)),
            ClusterNames.Deliveries);

    /// <summary>Everybody: reaches the scheduler wherever it runs; buffers a little while it moves.</summary>
    public static IActorRef StartSchedulerProxy(ActorSystem system) =>
        system.ActorOf(
            ClusterSingletonProxy.Props("/user/" + ClusterNames.Scheduler, ClusterSingletonProxySettings.Create(system)),
            ClusterNames.Scheduler + "-proxy");

    private static HashCodeMessageExtractor JobsExtractor { get; } = HashCodeMessageExtractor.Create(
        ClusterNames.JobsRegionShards,
        message => (message as JobEnvelope)?.Job is { Length: > 0 } job ? job : null,
        message => message);
}
