using System.Collections.Concurrent;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Those who watch jobs at this coordinator. Whoever tells of a change waits for none of them.</summary>
public sealed class JobViewers
{
    private readonly ConcurrentDictionary<JobViewer, bool> _open = [];

    internal void Show(Job job) => Tell(job.Id, job);

    internal void Remove(string id) => Tell(id, null);

    /// <summary>Sees what changes from now on, until it is disposed.</summary>
    internal JobViewer Open()
    {
        var viewer = new JobViewer(closed => _open.TryRemove(closed, out _));
        _open[viewer] = true;
        return viewer;
    }

    private void Tell(string id, Job? job)
    {
        foreach (var (viewer, _) in _open)
        {
            viewer.Take(id, job);
        }
    }
}

/// <summary>What has changed for one who watches and was not told yet: of each job the newest alone, so a slow reader costs no memory.</summary>
internal sealed class JobViewer(Action<JobViewer> closed) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _some = new(0, 1);
    private Dictionary<string, Job?> _changed = new(StringComparer.Ordinal);

    public void Take(string id, Job? job)
    {
        lock (_lock)
        {
            _changed[id] = job;
            if (_some.CurrentCount == 0)
            {
                _some.Release();
            }
        }
    }

    /// <summary>What has changed by id, null where the job is deleted; nothing where that took too long.</summary>
    public async Task<IReadOnlyDictionary<string, Job?>> NextAsync(TimeSpan within, CancellationToken stop)
    {
        await _some.WaitAsync(within, stop);
        lock (_lock)
        {
            var changed = _changed;
            _changed = new Dictionary<string, Job?>(StringComparer.Ordinal);
            return changed;
        }
    }

    public void Dispose() => closed(this); // The semaphore holds nothing that has to be let go.
}
