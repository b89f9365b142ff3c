using Akka.Actor;
using Akka.Cluster;
using Akka.Remote;
using Microsoft.Extensions.Logging;

namespace Trainer.Hosting.Cluster;

/// <summary>Terminates its actor system when no coordinator can be reached for a while, or when a peer has quarantined it.</summary>
internal sealed class CoordinatorWatch : ReceiveActor, IWithTimers
{
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly TimeSpan _patience;
    private TimeSpan _since;

    public CoordinatorWatch(TimeSpan patience, ILogger logger)
    {
        _patience = patience;
        _since = Now;
        Receive<Tick>(_ => Look(logger));
        Receive<ThisActorSystemQuarantinedEvent>(quarantined => Give(logger, $"quarantined by {quarantined.RemoteAddress}"));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer("look", Tick.Instance, _patience / 10);
        Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
    }

    private void Look(ILogger logger)
    {
        if (CoordinatorReachable())
        {
            _since = Now;
        }
        else if (Now - _since > _patience)
        {
            Give(logger, $"no coordinator reachable for {_patience.TotalSeconds:0.#} s");
        }
    }

    private bool CoordinatorReachable() => _cluster.State.Members.Any(member =>
        member.HasRole(ClusterNames.CoordinatorRole) && member.Status == MemberStatus.Up && !_cluster.State.Unreachable.Contains(member));

    private static void Give(ILogger logger, string why)
    {
        logger.LogWarning("Leaving the cluster to join anew: {Reason}.", why);
        _ = Context.System.Terminate();
    }

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
