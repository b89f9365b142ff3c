using System.Runtime.CompilerServices;
using Trainer.Cli.Api;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Follow;

/// <summary>Watches a job to its end, through restarts of the coordinator, as a stream of events.</summary>
internal sealed class JobFollower(ClusterAddress address)
{
    /// <summary>How long the coordinator may be away.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(1);

    public async IAsyncEnumerable<JobEvent> FollowAsync(string id, [EnumeratorCancellation] CancellationToken stop)
    {
        Job? last = null;
        var snapshots = new ReconnectingStream<Job>(
            address,
            (client, options) => client.Jobs.WatchJob(new WatchJobRequest { Id = id }, options),
            complete: () => last?.State.HasEnded() == true,
            Patience);
        await foreach (var (now, notice) in snapshots.ReadAsync(stop))
        {
            if (notice is not null)
            {
                yield return new Notice(notice);
            }

            if (now is null)
            {
                continue;
            }

            foreach (var happened in JobEvents.Between(last, now))
            {
                yield return happened;
            }

            last = now;
        }
    }
}
