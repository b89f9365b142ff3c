using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Deletes files of jobs that have ended, and what writers left behind. Beside the entities: a job that has ended has nothing to decide.</summary>
public sealed class JobPruning(IJobStore store, JobDirectory directory, JobArtifacts artifacts, ArtifactThreads threads, DataSets dataSets, RetentionPolicy own)
{
    private const int Page = 100;

    /// <summary>Who has not finished by then is gone, or has given up: a state waits a minute at most for its commit.</summary>
    private static readonly TimeSpan UnfinishedFor = TimeSpan.FromHours(1);

    /// <summary>So long an upload of a data set that was broken off can go on.</summary>
    private static readonly TimeSpan UploadedFor = TimeSpan.FromDays(1);

    private static readonly TimeSpan LookedAtFor = TimeSpan.FromDays(1);

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <exception cref="RpcException">INVALID_ARGUMENT: nothing is limited; UNAVAILABLE: the store of the files.</exception>
    public Task<PruneJobsResponse> PruneAsync(PruneJobsRequest request, CancellationToken stop)
    {
        var asked = new RetentionPolicy(
            request.HasMaxAgeSeconds ? TimeSpan.FromSeconds(Math.Min(request.MaxAgeSeconds, 1e10)) : null,
            request.HasMaxJobs ? (int)Math.Min(request.MaxJobs, int.MaxValue) : null,
            request.HasMaxBytes ? (long)Math.Min(request.MaxBytes, long.MaxValue) : null);
        var policy = asked.LimitsNothing ? own : asked;
        return policy.LimitsNothing
            ? throw ApiErrors.InvalidField("max_age_seconds", "or max_jobs or max_bytes is required: this coordinator was started without limits of its own")
            : PruneAsync(policy, request.ValidateOnly, stop);
    }

    /// <summary>What the coordinator's own limits say; nothing where it has none.</summary>
    public async Task<PruneJobsResponse> PruneAsync(CancellationToken stop) => own.LimitsNothing ? new PruneJobsResponse() : await PruneAsync(own, validateOnly: false, stop);

    /// <summary>Removes uploads that never came to an end, and states without a manifest whose writer is gone.</summary>
    public async Task SweepAsync(CancellationToken stop)
    {
        var before = Now - UnfinishedFor;
        await threads.RunAsync(() => artifacts.SweepUnfinished(before), stop);
        await threads.RunAsync(() => dataSets.Sweep(Now - UploadedFor), stop);
        var recent = (await EndedAsync(stop)).Where(row => row.Ended > Now - LookedAtFor).Select(row => row.Id);
        foreach (var id in (await store.ActiveIdsAsync()).Concat(recent))
        {
            await threads.RunAsync(() => artifacts.SweepStates(id, before), stop);
        }
    }

    private async Task<PruneJobsResponse> PruneAsync(RetentionPolicy policy, bool validateOnly, CancellationToken stop)
    {
        var rows = (await EndedAsync(stop)).ToDictionary(row => row.Id, StringComparer.Ordinal);
        var needed = await NeededAsync(stop);
        var ended = new List<EndedJob>();
        foreach (var row in rows.Values)
        {
            var (bytes, isPinned) = await threads.RunAsync(() => artifacts.Measure(row.Id), stop);
            if (bytes > 0)
            {
                ended.Add(new EndedJob(row.Id, row.Ended ?? row.Created, bytes, isPinned || needed.Contains(row.Id)));
            }
        }

        var response = new PruneJobsResponse();
        foreach (var job in policy.Surplus(ended, Now))
        {
            if (validateOnly || await threads.RunAsync(() => artifacts.DeleteUnlessPinned(job.Id), stop))
            {
                var row = rows[job.Id];
                response.Jobs.Add(new PrunedJob { Id = row.Id, Name = row.Spec.Name, State = row.State, EndTime = job.Ended.ToTimestamp(), Bytes = (ulong)job.Bytes });
                response.Bytes += (ulong)job.Bytes;
            }
        }

        return response;
    }

    private async Task<List<JobRow>> EndedAsync(CancellationToken stop)
    {
        var rows = new List<JobRow>();
        for (var query = new JobQuery { States = [.. JobStates.Ended], Limit = Page }; ;)
        {
            stop.ThrowIfCancellationRequested();
            var page = await store.ListAsync(query);
            rows.AddRange(page);
            if (page.Count < Page)
            {
                return rows;
            }

            query = query with { After = new JobCursor(query.Order.Of(page[^1]), page[^1].Id) };
        }
    }

    // Workers that are letting go, jobs that verify or start from it.
    private async Task<HashSet<string>> NeededAsync(CancellationToken stop)
    {
        var needed = (await directory.ListWorkersAsync(stop)).Workers.Select(worker => worker.Job).ToHashSet(StringComparer.Ordinal);
        foreach (var id in await store.ActiveIdsAsync())
        {
            if (await store.FindAsync(id) is { } row)
            {
                needed.UnionWith([row.Verification?.Job ?? "", row.Spec.Training.Init?.From?.Job ?? ""]);
            }
        }

        return needed;
    }
}
