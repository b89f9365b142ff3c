using System.Runtime.CompilerServices;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>A job's log, entry by entry, as it is written.</summary>
public sealed class LogStreams(IJobStore store, LogSignal written)
{
    private const int Batch = 500;

    // What another coordinator writes is not signalled here.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LastLineWithin = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <param name="waits">Called before it waits for more.</param>
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND; OUT_OF_RANGE: entries that the caller has not seen are no longer kept.</exception>
    public async IAsyncEnumerable<LogEntry> ReadAsync(StreamLogsRequest request, [EnumeratorCancellation] CancellationToken stop, Func<Task>? waits = null)
    {
        var (after, said, isWhole) = (request.AfterSequence, TimeProvider.System.GetTimestamp(), false);
        while (true)
        {
            // State before log: what an ended job had to say is all there, up to the line of its end.
            var more = written.Next(request.Id);
            var job = await store.FindAsync(request.Id) ?? throw ApiErrors.NotFound(request.Id);
            var entries = await store.ReadLogAsync(request.Id, after, Batch);
            await RequireKeptAsync(request.Id, after, entries);
            foreach (var entry in entries)
            {
                after = entry.Sequence;
                isWhole |= job.HasEnded && JobLogLine.Tells(entry, job.Transitions[^1]);
                if (IsWanted(entry, request))
                {
                    said = TimeProvider.System.GetTimestamp();
                    yield return entry;
                }
            }

            if (entries.Count == 0 && (!request.Follow || job.HasEnded && (isWhole || IsOver(job))))
            {
                yield break;
            }

            if (request.Heartbeats && TimeProvider.System.GetElapsedTime(said) >= Heartbeat)
            {
                said = TimeProvider.System.GetTimestamp();
                yield return new LogEntry { Sequence = after };
            }

            if (entries.Count == 0)
            {
                await (waits?.Invoke() ?? Task.CompletedTask);
                await more.WaitAsync(LookAgain, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                stop.ThrowIfCancellationRequested();
            }
        }
    }

    // Numbers have no gaps but where the oldest entries have given way; whoever begins takes what there is.
    private async Task RequireKeptAsync(string job, long after, IReadOnlyList<LogEntry> entries)
    {
        if (after > 0 && entries.Count > 0 && entries[0].Sequence > after + 1 && await store.FirstLogAsync(job) > after + 1)
        {
            throw ApiErrors.LogTrimmed($"The entries behind number {after} are no longer kept: the oldest of this job's log is {entries[0].Sequence}. Begin again without after_sequence, or with {entries[0].Sequence - 1}.");
        }
    }

    // An ended job's last lines are on their way for a moment, and lost where the coordinator that had them is.
    private static bool IsOver(JobRow job) => TimeProvider.System.GetUtcNow() - job.Ended > LastLineWithin;

    private static bool IsWanted(LogEntry entry, StreamLogsRequest request) =>
        (request.Source.Length == 0 || entry.Source == request.Source) && entry.Level >= request.Level && (request.Since is null || entry.Time > request.Since);
}
