using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;

namespace Trainer.Coordinator.Outbox;

/// <summary>
/// Tells one receiver what the outbox has for it: of each job in order, one change at a time; again, with longer and longer pauses, until it is taken or given up. A job whose change is refused
/// holds up no other job. Nobody waits for it: it only reads and empties a table.
/// </summary>
internal sealed class Delivery(IJobStore store, IReceiver receiver, OutboxSettings settings, TimeProvider clock, ControlMetrics metrics, ILogger logger)
{
    // Jobs whose oldest change was not taken.
    private readonly ConcurrentDictionary<string, Failed> _failed = new(StringComparer.Ordinal);
    private DateTimeOffset _trimmed;
    private volatile bool _isAway;

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (!await RoundAsync(stop))
                {
                    await PauseAsync(stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (StoreException)
            {
                await PauseAsync(stop); // Whoever needs the store more says that it is away.
            }
            catch (Exception bug) when (bug is not OutOfMemoryException)
            {
                logger.LogError(bug, "Telling the {Receiver} of jobs failed by a fault of this program; it goes on.", receiver.Name);
                await PauseAsync(stop);
            }
        }
    }

    /// <returns>Whether there was something to tell.</returns>
    private async Task<bool> RoundAsync(CancellationToken stop)
    {
        await TrimAsync();
        var due = await DueAsync();
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = settings.AtOnce, CancellationToken = stop }, (change, ended) => new ValueTask(TellAsync(change, ended)));
        return due.Count > 0;
    }

    // However many jobs wait for their next time, one behind them is found.
    private async Task<IReadOnlyList<Announcement>> DueAsync()
    {
        var (now, after) = (clock.GetUtcNow(), 0L);
        while (true)
        {
            var page = await store.ReadOutboxAsync(receiver.Name, after, settings.Page);
            var due = page.Where(change => !_failed.TryGetValue(change.Job, out var failed) || failed.Again <= now).ToList();
            if (due.Count > 0 || page.Count < settings.Page)
            {
                return due;
            }

            after = page[^1].Number;
        }
    }

    private async Task TellAsync(Announcement change, CancellationToken stop)
    {
        if (await receiver.TakeAsync(change, stop) is { } reason)
        {
            stop.ThrowIfCancellationRequested();
            NotTaken(change, reason);
            return;
        }

        await store.RemoveFromOutboxAsync(change.Number);
        _failed.TryRemove(change.Job, out _);
        metrics.Delivered(receiver.Name, DeliveryResult.Taken);
        if (_isAway)
        {
            _isAway = false;
            logger.LogInformation("The {Receiver} takes what it is told of jobs again.", receiver.Name);
        }
    }

    private void NotTaken(Announcement change, string reason)
    {
        var times = (_failed.TryGetValue(change.Job, out var before) ? before.Times : 0) + 1;
        _failed[change.Job] = new Failed(times, clock.GetUtcNow() + settings.PauseAfter(times));
        metrics.Delivered(receiver.Name, DeliveryResult.Failed);
        if (!_isAway)
        {
            _isAway = true;
            logger.LogWarning("The {Receiver} does not take what it is told of job {Job}: {Reason}. It is told again for {Hours} hours.", receiver.Name, change.Job, reason, settings.Patience.TotalHours);
        }
    }

    private async Task TrimAsync()
    {
        var now = clock.GetUtcNow();
        if (now - _trimmed < settings.TrimEvery)
        {
            return;
        }

        _trimmed = now;
        if (await store.TrimOutboxAsync(receiver.Name, now - settings.Patience, settings.Most) is var count and > 0)
        {
            metrics.Delivered(receiver.Name, DeliveryResult.GivenUp, count);
            logger.LogWarning("{Count} changes of jobs are given up, of which the {Receiver} did not take word for {Hours} hours, or for which there was no room.", count, receiver.Name, settings.Patience.TotalHours);
        }

        // Of jobs that wait no more: theirs were given up.
        foreach (var (job, failed) in _failed)
        {
            if (now - failed.Again > settings.LongestPause)
            {
                _failed.TryRemove(job, out _);
            }
        }
    }

    private async Task PauseAsync(CancellationToken stop) => await Task.Delay(settings.Poll, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private sealed record Failed(int Times, DateTimeOffset Again);
}
