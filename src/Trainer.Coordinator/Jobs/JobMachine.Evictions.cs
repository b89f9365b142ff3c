using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>Whom the job does without for a while.</summary>
public sealed partial record JobMachine
{
    private const int MostDoublings = 10;

    private bool IsEvicted(string worker) => Row.Evictions.Exists(eviction => eviction.Worker == worker && IsInForce(eviction));

    private bool IsInForce(Eviction eviction) => Now.ToUnixTimeMilliseconds() < eviction.UntilUnixMs;

    private JobMachine Evict(string worker, string reason)
    {
        var times = (Row.Evictions.Find(eviction => eviction.Worker == worker)?.Times ?? 0) + 1;
        var eviction = new Eviction
        {
            Worker = worker,
            Times = times,
            Reason = reason,
            UntilUnixMs = (Now + Settings.Eviction * (1 << Math.Min((int)times - 1, MostDoublings))).ToUnixTimeMilliseconds(),
        };
        return Keep(Row with { Evictions = Row.Evictions.RemoveAll(other => other.Worker == worker).Add(eviction) });
    }
}
