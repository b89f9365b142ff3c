using Trainer.Cli.Api;
using Trainer.Protos;

namespace Trainer.Cli.Follow;

/// <summary>What a cluster does at one moment.</summary>
/// <param name="Jobs">That have not ended, the longest-waiting first behind those that train.</param>
internal sealed record ClusterSnapshot(SystemInfo Info, IReadOnlyList<Job> Jobs, IReadOnlyList<Worker> Workers)
{
    private const int MostJobs = 200;

    private static readonly JobState[] Open = [.. Enum.GetValues<JobState>().Where(state => state != JobState.Unspecified && state is not (JobState.Succeeded or JobState.Failed or JobState.Cancelled))];

    /// <exception cref="Errors.CliException">The cluster does not answer.</exception>
    public static async Task<ClusterSnapshot> TakeAsync(ClusterClient client, CancellationToken stop)
    {
        var jobs = new ListJobsRequest { States = { Open }, PageSize = MostJobs, View = JobView.Basic, OrderBy = "create_time" };
        var info = await client.CallAsync((cluster, options) => cluster.System.GetInfoAsync(new GetInfoRequest(), options), stop);
        var listed = await client.CallAsync((cluster, options) => cluster.Jobs.ListJobsAsync(jobs, options), stop);
        var workers = await client.CallAsync((cluster, options) => cluster.Workers.ListWorkersAsync(new ListWorkersRequest(), options), stop);
        return new ClusterSnapshot(
            info, [.. listed.Jobs.OrderBy(job => job.State == JobState.Running ? 0 : 1)], [.. workers.Workers.OrderBy(worker => worker.Name, StringComparer.Ordinal)]);
    }

    /// <summary>Of all jobs that train.</summary>
    public double ImagesPerSecond => Jobs.Where(job => job.State == JobState.Running).Sum(job => job.Progress?.ImagesPerSecond ?? 0);
}
