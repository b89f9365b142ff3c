using Akka.Actor;
using Trainer.Coordinator.Store;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>Who hears of a job's changes: those who follow it, and whoever hears of all jobs. Small changes are told together, once in an interval.</summary>
/// <param name="feed">Hears of every change of every job.</param>
internal sealed class JobAudience(IActorRef? feed, TimeSpan interval)
{
    private readonly HashSet<IActorRef> _subscribers = [];
    private DateTimeOffset _told;
    private bool _waits;

    /// <returns>Whether the subscriber is a new one.</returns>
    public bool Add(IActorRef subscriber, JobRow row)
    {
        var isNew = _subscribers.Add(subscriber);
        subscriber.Tell(new JobUpdate { Job = row.ToJob() });
        return isNew;
    }

    public void Remove(IActorRef subscriber) => _subscribers.Remove(subscriber);

    public void TellAtOnce(JobRow row, DateTimeOffset now)
    {
        (_told, _waits) = (now, false);
        var update = new JobUpdate { Job = row.ToJob() };
        feed?.Tell(update);
        foreach (var subscriber in _subscribers)
        {
            subscriber.Tell(update);
        }
    }

    public void TellSoon() => _waits = true;

    public void TellIfDue(JobRow row, DateTimeOffset now)
    {
        if (_waits && now - _told >= interval)
        {
            TellAtOnce(row, now);
        }
    }

    public void TellDeleted(JobDeleted deleted) => feed?.Tell(deleted);
}
