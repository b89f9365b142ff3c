using System.Text.Json;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Hosting.Run;
using Trainer.Protos;

namespace Trainer.Cli.Local;

/// <summary>
/// The jobs that run while their cluster is stopped: they are suspended, which writes a checkpoint, and the next `trainer up` with the same store resumes them, and only them: what a
/// user has suspended stays so.
/// </summary>
/// <param name="store">The folder of the store; a list of the jobs lies beside it.</param>
/// <param name="run">The cluster's run folder.</param>
/// <param name="tell">Told in sentences.</param>
internal sealed class ParkedJobs(string store, string run, Action<string> tell)
{
    /// <summary>How long the jobs may take to end their steps and to write their checkpoints; then the cluster is stopped all the same.</summary>
    public static readonly TimeSpan Within = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private static readonly JobState[] Running = [JobState.Starting, JobState.Running, JobState.Recovering];

    private string ListPath => Path.Combine(store, "parked.json");

    /// <summary>The jobs that would be suspended now.</summary>
    public static async Task<IReadOnlyList<Job>> FindAsync(ClusterClient client, CancellationToken stop)
    {
        var request = new ListJobsRequest { PageSize = 1000, States = { Running } };
        return (await client.CallAsync((cluster, call) => cluster.Jobs.ListJobsAsync(request, call), stop)).Jobs;
    }

    /// <summary>Suspends what runs. A cluster that cannot be asked any more has nothing to lose that its store does not have.</summary>
    public async Task SuspendAsync()
    {
        using var patience = new CancellationTokenSource(Within);
        try
        {
            using var client = await ClusterClient.OpenAsync(Address, patience.Token);
            var jobs = await FindAsync(client, patience.Token);
            var parked = Parked();
            foreach (var job in jobs)
            {
                parked[job.Id] = "";
            }

            Write(parked);
            foreach (var job in jobs)
            {
                tell($"{job.Spec.Name} ({job.Id}) is running: it is suspended, and the next 'trainer up' resumes it.");
                await EachAsync(parked, job, () => client.CallAsync((cluster, call) => cluster.Jobs.SuspendJobAsync(new SuspendJobRequest { Id = job.Id }, call), patience.Token));
            }

            foreach (var job in jobs.Where(job => parked.ContainsKey(job.Id)))
            {
                await EachAsync(parked, job, async () => parked[job.Id] = (await AtRestAsync(client, job, patience.Token)).Etag);
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            tell($"Not all jobs were suspended within {Words.Duration(Within.TotalSeconds)}. They go on from their last checkpoint.");
        }
        catch (Exception e) when (e is CliException or IOException or UnauthorizedAccessException)
        {
            tell($"The jobs that run could not be suspended, and go on from their last checkpoint: {e.Message}");
        }
    }

    // One that has ended, or was deleted, meanwhile keeps no other from being suspended.
    private async Task EachAsync(SortedDictionary<string, string> parked, Job job, Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (CliException e) when (e.ExitCode != ExitCode.Unreachable)
        {
            tell($"{job.Spec.Name} ({job.Id}) is not suspended: {e.Message}");
            parked.Remove(job.Id);
        }

        Write(parked);
    }

    /// <summary>Resumes what the last <see cref="SuspendAsync"/> has suspended.</summary>
    public async Task ResumeAsync(CancellationToken stop)
    {
        var parked = Parked();
        foreach (var (id, etag) in parked.ToList())
        {
            try
            {
                using var client = await ClusterClient.OpenAsync(Address, stop);
                var job = await client.CallAsync((cluster, call) => cluster.Jobs.ResumeJobAsync(new ResumeJobRequest { Id = id, Etag = etag }, call), stop);
                tell($"{job.Spec.Name} ({id}) goes on: it ran when the cluster was stopped.");
            }
            catch (CliException e) when (e.ExitCode == ExitCode.Unreachable)
            {
                tell($"Job {id} ran when the cluster was stopped, and could not be resumed: {e.Message} The next 'trainer up' tries again; or now: trainer resume {id}");
                continue;
            }
            catch (CliException e)
            {
                tell($"Job {id} ran when the cluster was stopped, and is not resumed: {e.Message}");
            }

            parked.Remove(id);
            Write(parked);
        }
    }

    /// <summary>Those that were suspended and not resumed yet, each with the etag that it had at rest: what has changed since is no matter of this list. Empty: it was not seen at rest.</summary>
    private SortedDictionary<string, string> Parked()
    {
        try
        {
            if (!File.Exists(ListPath))
            {
                return [];
            }

            var list = File.ReadAllBytes(ListPath);
            var parked = list.AsSpan().TrimStart(" \r\n\t"u8) is [(byte)'[', ..] // Of ids alone, as it was at first.
                ? JsonSerializer.Deserialize<string[]>(list)!.ToDictionary(id => id, _ => "")
                : JsonSerializer.Deserialize<Dictionary<string, string>>(list) ?? [];
            return new(parked, StringComparer.Ordinal);
        }
        catch (JsonException)
        {
            tell($"{ListPath} has the jobs that ran when the cluster was stopped, and cannot be read: none of them is resumed. They are listed by: trainer jobs --state suspended");
            return [];
        }
    }

    private void Write(SortedDictionary<string, string> parked)
    {
        if (parked.Count > 0)
        {
            PrivateFiles.Replace(ListPath, JsonSerializer.SerializeToUtf8Bytes(parked));
        }
        else
        {
            File.Delete(ListPath);
        }
    }

    private ClusterAddress Address => new(null, null, run);

    private static async Task<Job> AtRestAsync(ClusterClient client, Job job, CancellationToken stop)
    {
        var request = new GetJobRequest { Id = job.Id };
        Job now;
        while ((now = await client.CallAsync((cluster, call) => cluster.Jobs.GetJobAsync(request, call), stop)).State == JobState.Suspending)
        {
            await Task.Delay(Poll, stop);
        }

        return now;
    }
}
