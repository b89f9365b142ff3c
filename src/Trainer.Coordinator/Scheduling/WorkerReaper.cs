using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Trainer.Hosting.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>
/// Takes workers out of the membership as soon as they cannot be reached: as long as one cannot, nobody else may join, and the resolver
/// would wait. A worker that lives after all joins anew; its training does not notice.
/// </summary>
public sealed class WorkerReaper : ReceiveActor
{
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);

    public WorkerReaper()
    {
        var log = Context.GetLogger();
        Receive<ClusterEvent.UnreachableMember>(unreachable =>
        {
            var member = unreachable.Member;
            if (member.HasRole(ClusterNames.WorkerRole) && !member.HasRole(ClusterNames.CoordinatorRole))
            {
                log.Info("{0} cannot be reached and leaves the cluster.", member.Address);
                _cluster.Down(member.Address);
            }
        });
    }

    protected override void PreStart() => _cluster.Subscribe(Self, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.UnreachableMember));

    protected override void PostStop() => _cluster.Unsubscribe(Self);
}
