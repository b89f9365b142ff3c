using Akka.Actor;
using Akka.Cluster;
using Microsoft.Extensions.Logging;

namespace Trainer.Hosting.Cluster;

/// <summary>Terminates its actor system when no coordinator can be reached for a while.</summary>
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
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override void PreStart() => Timers.StartPeriodicTimer("look", Tick.Instance, _patience / 10);

    private void Look(ILogger logger)
    {
        if (CoordinatorReachable())
        {
            _since = Now;
        }
        else if (Now - _since > _patience)
        {
            logger.LogWarning("No coordinator reachable for {Patience:0.#} s: leaving the cluster to join anew.", _patience.TotalSeconds);
            _ = Context.System.Terminate();
        }
    }

    private bool CoordinatorReachable() => _cluster.State.Members.Any(member =>
        member.HasRole(ClusterNames.CoordinatorRole) && member.Status == MemberStatus.Up && !_cluster.State.Unreachable.Contains(member));

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
