using Akka.Actor;
using Akka.Cluster;

namespace Trainer.Hosting.Cluster;

/// <summary>Tells when its process has become a member, and terminates its actor system when no coordinator can be reached for a while.</summary>
internal sealed class CoordinatorWatch : ReceiveActor, IWithTimers
{
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly TimeSpan _patience;
    private TimeSpan _since;
    private bool _isMember;

    /// <param name="patience">How long the system may be without a reachable coordinator.</param>
    /// <param name="joined">Called once.</param>
    public CoordinatorWatch(TimeSpan patience, Action joined)
    {
        _patience = patience;
        _since = Now;
        Receive<Tick>(_ => Look(joined));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override void PreStart() => Timers.StartPeriodicTimer("look", Tick.Instance, _patience / 10);

    private void Look(Action joined)
    {
        if (!CoordinatorReachable())
        {
            if (Now - _since > _patience)
            {
                _ = Context.System.Terminate();
            }

            return;
        }

        _since = Now;
        if (!_isMember && _cluster.SelfMember.Status == MemberStatus.Up)
        {
            _isMember = true;
            joined();
        }
    }

    private bool CoordinatorReachable() => _cluster.State.Members.Any(member =>
        member.HasRole(ClusterNames.CoordinatorRole) && member.Status == MemberStatus.Up && !_cluster.State.Unreachable.Contains(member));

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
