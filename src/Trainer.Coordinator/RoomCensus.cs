using Trainer.Coordinator.Store;
using Trainer.Hosting.Artifacts;

namespace Trainer.Coordinator;

/// <summary>What is free where jobs' files go, and how many workers serve jobs that the store does not know, as of the last look: what is scraped waits for neither of the stores.</summary>
internal sealed class RoomCensus : IAsyncDisposable
{
    private readonly Func<IReadOnlyCollection<string>?> _served;
    private readonly IJobStore _store;
    private readonly Func<IArtifactStore> _files;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _counting;
    private volatile Counted _last = new(null, null);

    /// <param name="served">The job of each worker that serves one; null: the scheduler is elsewhere.</param>
    /// <param name="files">Of all jobs.</param>
    public RoomCensus(Func<IReadOnlyCollection<string>?> served, IJobStore store, Func<IArtifactStore> files, TimeSpan interval)
    {
        (_served, _store, _files) = (served, store, files);
        _counting = CountAsync(interval);
    }

    public long? FreeBytes => _last.FreeBytes;

    public int? Orphans => _last.Orphans;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _counting;
        _stop.Dispose();
    }

    private async Task CountAsync(TimeSpan interval)
    {
        var asking = Task.FromResult<long?>(null);
        while (!_stop.IsCancellationRequested)
        {
            // A folder that hangs is waited for by one thread of its own alone, however long.
            asking = asking.IsCompleted ? Task.Factory.StartNew(Free, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default) : asking;
            await Task.WhenAny(asking, Task.Delay(interval, _stop.Token));
            _last = new(asking.IsCompletedSuccessfully ? await asking : null, await OrphansAsync());
            await Task.Delay(interval, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private long? Free()
    {
        try
        {
            return _files().FreeBytes();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private async Task<int?> OrphansAsync()
    {
        if (_served() is not { } served)
        {
            return null;
        }

        try
        {
            var orphans = 0;
            foreach (var workers in served.GroupBy(job => job, StringComparer.Ordinal))
            {
                orphans += await _store.FindAsync(workers.Key) is null ? workers.Count() : 0;
            }

            return orphans;
        }
        catch (StoreException)
        {
            return null; // Nobody knows until the store answers again.
        }
    }

    private sealed record Counted(long? FreeBytes, int? Orphans);
}
