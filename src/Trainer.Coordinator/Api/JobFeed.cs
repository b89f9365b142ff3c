using Akka.Actor;
using Akka.Cluster.Routing;
using Akka.Routing;
using Trainer.Hosting.Cluster;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>Hears of every change of every job, wherever its entity is, and passes it on to those who watch here.</summary>
internal sealed class JobFeed : ReceiveActor
{
    public JobFeed(JobViewers viewers)
    {
        Receive<JobUpdate>(update => viewers.Show(update.Job));
        Receive<JobDeleted>(deleted => viewers.Remove(deleted.Job));
    }
}

/// <summary>The feeds of all coordinators.</summary>
internal static class JobFeeds
{
    private const string Name = "job-feed";
    private const int MostCoordinators = 100;

    /// <returns>Tells all of them.</returns>
    public static IActorRef Start(ActorSystem system, JobViewers viewers)
    {
        system.ActorOf(Props.Create(() => new JobFeed(viewers)), Name);
        var everywhere = new ClusterRouterGroupSettings(MostCoordinators, [$"/user/{Name}"], allowLocalRoutees: true, useRole: ClusterNames.CoordinatorRole);
        return system.ActorOf(new ClusterRouterGroup(new BroadcastGroup(), everywhere).Props(), Name + "s");
    }
}
