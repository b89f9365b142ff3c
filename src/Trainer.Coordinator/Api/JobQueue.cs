using Google.Protobuf.WellKnownTypes;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>Who waits for workers: what the scheduler says of it, and since when by the store. A scheduler that has just begun knows not yet all.</summary>
internal static class JobQueue
{
    private const int Most = 1000;

    public static async Task<Queue> ReadAsync(IJobStore store, JobDirectory directory, CancellationToken stop)
    {
        var waiting = (await directory.WaitingAsync(stop)).Jobs.ToDictionary(job => job.Wanted.Job, StringComparer.Ordinal);
        var rows = await store.ListAsync(new JobQuery
        {
            States = [JobState.Queued, JobState.Starting, JobState.Recovering],
            Order = JobOrder.NewestFirst with { Descending = false },
            Limit = Most,
        });
        var entries = rows.Where(row => row.State == JobState.Queued || waiting.ContainsKey(row.Id)).Select(row => Entry(row, waiting.GetValueOrDefault(row.Id)));
        return new Queue { Entries = { entries.OrderByDescending(entry => entry.Priority) } }; // The oldest first among equals: they came so.
    }

    private static QueueEntry Entry(JobRow row, WaitingJob? job) => new()
    {
        Job = row.Id,
        Name = row.Spec.Name,
        State = row.State,
        Priority = row.Priority,
        CreateTime = row.Created.ToTimestamp(),
        WaitTime = row.Transitions.LastOrDefault()?.Time ?? row.Created.ToTimestamp(),
        MinWorkers = row.MinWorkers,
        MaxWorkers = row.MaxWorkers,
        Device = row.Spec.Cluster.Device,
        Fitting = job?.Fitting ?? 0,
        Free = job?.Free ?? 0,
        Message = Interrupted(row) + (job?.Message ?? row.Message),
        Creator = row.Creator,
        Cause = job?.Cause ?? WaitCause.Unspecified,
    };

    // Who waits again says why it does not train any more.
    private static string Interrupted(JobRow row) => row.Transitions.LastOrDefault() is { Reason: TransitionReasons.Preempted } last ? $"{last.Message} " : "";
}
