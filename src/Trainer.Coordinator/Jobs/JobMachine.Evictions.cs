using Google.Protobuf.WellKnownTypes;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>Whom the job does without for a while.</summary>
public sealed partial record JobMachine
{
    private const int MostDoublings = 10;

    private bool IsEvicted(string worker) => Row.Evictions.Exists(eviction => eviction.Worker == worker && IsInForce(eviction)) || LacksLink(worker);

    // As long as a member is there to which its link does not hold.
    private bool LacksLink(string worker) => !Setbacks.Unlinked.IsEmpty && Members.All(member => member.Worker != worker) && Team.Any(member => !Setbacks.AreLinked(member.Name, worker, Uptime));

    private IEnumerable<string> Avoided() => Row.Evictions.Where(IsInForce).Select(eviction => eviction.Worker)
        .Union(Setbacks.Unlinked.Keys.SelectMany(pair => new[] { pair.Item1, pair.Item2 }).Where(LacksLink), StringComparer.Ordinal);

    /// <summary>Of those who could come in, whose links hold to all who stay and to each other.</summary>
    private List<JobWorker> Linkable(IEnumerable<JobWorker> stay, IEnumerable<JobWorker> joiners)
    {
        var (staying, coming) = (stay.Select(worker => worker.Name).ToList(), joiners.ToList());
        var chosen = Setbacks.Linkable([.. staying, .. coming.Select(worker => worker.Name)], Uptime);
        return coming.FindAll(worker => chosen.Contains(worker.Name));
    }

    private bool IsInForce(Eviction eviction) => Now.ToUnixTimeMilliseconds() < eviction.UntilUnixMs;

    // Its memory changes what it holds: whoever computes there may compute wrongly, for any job. Of a worker without a machine's id only this job can do without it.
    private JobMachine Quarantine(Exclusion corrupt) => Pool.GetValueOrDefault(corrupt.Worker)?.Status is { Machine.Length: > 0 } status
        ? Say(new StoreQuarantine(new Quarantine
        {
            Machine = status.Machine,
            Device = status.DeviceName,
            Worker = corrupt.Worker,
            Job = Row.Id,
            Reason = corrupt.Why,
            Time = Now.ToTimestamp(),
        }))
        : this;

    /// <param name="kind">A word for the metrics, as <see cref="Exclusion"/> has it.</param>
    private JobMachine Evict(string worker, string reason, string kind)
    {
        var times = (Row.Evictions.Find(eviction => eviction.Worker == worker)?.Times ?? 0) + 1;
        var eviction = new Eviction
        {
            Worker = worker,
            Times = times,
            Reason = reason,
            UntilUnixMs = (Now + Settings.Eviction * (1 << Math.Min((int)times - 1, MostDoublings))).ToUnixTimeMilliseconds(),
        };
        return Say(new CountEviction(kind)).Keep(Row with { Evictions = Row.Evictions.RemoveAll(other => other.Worker == worker).Add(eviction) });
    }
}
