using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Home;
using Trainer.Cli.Output;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Run;
using Trainer.Protos;

namespace Trainer.Cli.Follow;

/// <summary>What `watch` and `submit --follow` have in common.</summary>
internal static class Following
{
    /// <param name="cancelOnInterrupt">Whether Ctrl-C ends the job instead of leaving it to itself.</param>
    /// <param name="onlyTheEnd">Whether nothing is shown until the job has ended.</param>
    /// <returns>The exit code that the job's end deserves.</returns>
    public static async Task<int> RunAsync(Printer printer, ClusterAddress address, string id, bool cancelOnInterrupt, bool onlyTheEnd, CancellationToken stop)
    {
        try
        {
            var view = FollowView.For(printer, job => Places(address, job), isLive: !onlyTheEnd);
            var events = new JobFollower(address).FollowAsync(id, stop);
            var job = await view.ShowAsync(onlyTheEnd ? events.Where(happened => happened is Ended or Notice) : events);
            return job.State == JobState.Succeeded ? ExitCode.Ok : ExitCode.Failed;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            printer.Warn(cancelOnInterrupt ? await CancelAsync(address, id) : $"Detached. The job goes on; see it with: trainer watch {id}");
            return ExitCode.Interrupted;
        }
    }

    /// <summary>Waits for the end of a job, and says nothing but what happens to the connection.</summary>
    public static async Task<Job> EndOfAsync(Printer printer, ClusterAddress address, string id, CancellationToken stop)
    {
        await foreach (var happened in new JobFollower(address).FollowAsync(id, stop))
        {
            if (happened is Notice notice)
            {
                printer.Warn(notice.Text);
            }

            if (happened is Ended ended)
            {
                return ended.Job;
            }
        }
        throw new CliException("The stream ended before the job did.");
    }

    /// <returns>What to say about it.</returns>
    private static async Task<string> CancelAsync(ClusterAddress address, string id)
    {
        using var client = await ClusterClient.OpenAsync(address, CancellationToken.None);
        var job = await client.CallAsync((cluster, options) => cluster.Jobs.CancelJobAsync(new CancelJobRequest { Id = id }, options), CancellationToken.None);
        return $"Interrupted. {JobText.State(job)}";
    }

    /// <summary>Where metrics and logs are, as far as this machine can see them.</summary>
    private static IEnumerable<(string Name, string Value)> Places(ClusterAddress address, Job job)
    {
        var metrics = Path.Combine(Path.GetDirectoryName(job.Result?.WeightsPath) ?? "", ArtifactNames.Metrics);
        if (Path.IsPathRooted(metrics) && File.Exists(metrics))
        {
            yield return ("metrics", metrics);
        }

        yield return ("log", $"trainer logs {job.Id}");
        if (address.Endpoints is null && RunFolder.TryOpen(address.RunFolder) is { } run && LocalClusterRecord.Find(run) is { } cluster)
        {
            yield return ("logs of processes", cluster.Logs);
        }
    }
}
