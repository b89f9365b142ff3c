using Trainer.Cli.Api;
using Trainer.Cli.Follow;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>Follows a job through restarts of its coordinator, and remembers when steps were seen to be committed.</summary>
internal sealed class JobWatch : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<(DateTimeOffset Time, ulong Step)> _commits = [];
    private readonly Task _following;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JobWatch(ClusterAddress address, string id)
    {
        Latest = new Job { Id = id };
        _following = Task.Run(() => FollowAsync(address, id));
    }

    public Job Latest { get; private set; }

    /// <summary>Completes when the job has ended.</summary>
    public Task Ended => _ended.Task;

    public bool HasEnded => Latest.State is JobState.Succeeded or JobState.Failed or JobState.Cancelled;

    public ulong Step => Latest.Progress?.Step ?? 0;

    /// <summary>When a step beyond all before was seen to be committed; null: not after that time.</summary>
    public DateTimeOffset? FirstCommitAfter(DateTimeOffset time)
    {
        lock (_commits)
        {
            return _commits.Where(commit => commit.Time > time).Select(commit => (DateTimeOffset?)commit.Time).FirstOrDefault();
        }
    }

    /// <summary>Waits until the job is as wanted, or has ended.</summary>
    /// <exception cref="TimeoutException">It was not within the time; the message says how it is.</exception>
    public async Task UntilAsync(Func<Job, bool> wanted, TimeSpan within)
    {
        var limit = Task.Delay(within);
        while (true)
        {
            var changed = _changed.Task;
            if (wanted(Latest) || HasEnded)
            {
                return;
            }

            if (await Task.WhenAny(changed, limit, _following) is var first && first != changed)
            {
                await (first == _following ? _following : Task.CompletedTask);
                if (HasEnded)
                {
                    return; // The stream ended with the job, and was heard of first.
                }

                throw new TimeoutException($"The job did not come as far within {within.TotalSeconds:0} s: {Latest.State} at step {Step}: {Latest.Message}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _following;
        }
        catch (OperationCanceledException)
        {
            // It was told to stop.
        }

        _stop.Dispose();
    }

    private async Task FollowAsync(ClusterAddress address, string id)
    {
        var stream = new ReconnectingStream<Job>(address, (client, call) => client.Jobs.WatchJob(new WatchJobRequest { Id = id }, call), () => HasEnded, Patience);
        var best = 0UL;
        await foreach (var (job, _) in stream.ReadAsync(_stop.Token))
        {
            if (job is null)
            {
                continue;
            }

            Latest = job;
            if (Step > best)
            {
                best = Step;
                lock (_commits)
                {
                    _commits.Add((DateTimeOffset.UtcNow, best));
                }
            }

            if (HasEnded)
            {
                _ended.TrySetResult();
            }

            Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
    }
}
