using System.Collections.Concurrent;

namespace Trainer.Coordinator.Store;

/// <summary>Wakes those of this process who wait for more of a job's log: what is written here is sent at once.</summary>
public sealed class LogSignal
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new(StringComparer.Ordinal);

    /// <summary>Ends with the next entry of the job's log. Taken before the log is read, it misses none.</summary>
    public Task Next(string job) => _waiting.GetOrAdd(job, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Raise(string job)
    {
        if (_waiting.TryRemove(job, out var waiting))
        {
            waiting.SetResult();
        }
    }
}
