using System.Runtime.CompilerServices;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>What the jobs of a filter become: each as it is, then what changes.</summary>
public sealed class JobWatches(IJobStore store, JobViewers viewers)
{
    private const int Batch = 50;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <param name="waits">Called before it waits for what changes.</param>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT: that is no filter.</exception>
    public async IAsyncEnumerable<WatchJobsResponse> WatchAsync(WatchJobsRequest request, [EnumeratorCancellation] CancellationToken stop, Func<Task>? waits = null)
    {
        var (filter, view) = (JobFilterText.Read(request.Filter), request.View == JobView.Full ? JobView.Full : JobView.Basic);
        var shown = new HashSet<string>(StringComparer.Ordinal);
        using var viewer = viewers.Open(); // Before the list, so nothing falls between the two.
        await foreach (var row in ListAsync(filter))
        {
            shown.Add(row.Id);
            yield return new WatchJobsResponse { Job = JobLists.Show(row.ToJob(), view) };
        }

        await (waits?.Invoke() ?? Task.CompletedTask);
        while (true)
        {
            var changed = await viewer.NextAsync(Heartbeat, stop);
            foreach (var (id, job) in changed)
            {
                if (job is not null && filter.Holds(job))
                {
                    shown.Add(id);
                    yield return new WatchJobsResponse { Job = JobLists.Show(job, view) };
                }
                else if (shown.Remove(id))
                {
                    yield return new WatchJobsResponse { Removed = id };
                }
            }

            if (changed.Count == 0)
            {
                yield return new WatchJobsResponse();
            }
        }
    }

    private async IAsyncEnumerable<JobRow> ListAsync(JobFilter filter)
    {
        var query = new JobQuery { Filter = filter, Limit = Batch };
        while (await store.ListAsync(query) is { Count: > 0 } rows)
        {
            foreach (var row in rows)
            {
                yield return row;
            }

            query = query with { After = new JobCursor(query.Order.Of(rows[^1]), rows[^1].Id) };
        }
    }
}
