using Grpc.Core;
using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Coordinator.Tests.Store;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Durable;

/// <summary>Coordinators are killed at any moment while a client submits, cancels, suspends and resumes: what was acknowledged is so, once, and no job fails.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class AcknowledgedTests(ITestOutputHelper output)
{
    private const int Jobs = 24;
    private const int Kills = 12;
    private const int MostActive = 30;

    private readonly Random _random = new(20261129);

    [Fact]
    public async Task With_one_coordinator_on_SQLite()
    {
        await using var cluster = await Coordinators.StartAsync(coordinators: 1, workers: 2, store: null);
        await RunAsync(cluster);
    }

    [Fact]
    public async Task With_three_coordinators_on_PostgreSQL()
    {
        await using var postgres = await PostgresServer.StartAsync();
        Assert.SkipWhen(postgres is null, PostgresServer.Missing);
        await using var cluster = await Coordinators.StartAsync(coordinators: 3, workers: 2, postgres.NewDatabase());
        await RunAsync(cluster);
    }

    private async Task RunAsync(Coordinators cluster)
    {
        using var done = new CancellationTokenSource();
        var killing = KillAsync(cluster, done.Token);
        var file = new TinyJob().Write(cluster.Home);
        var spec = JobFile.Parse(await File.ReadAllTextAsync(file), file);
        var (cancelled, asked, ids) = (new HashSet<string>(), new HashSet<string>(), new List<string>());
        for (var i = 0; i < Jobs || !killing.IsCompleted; i++)
        {
            var (request, id) = (Guid.NewGuid().ToString(), "");
            var next = 0;
            await cluster.UntilAsync(async () => (await cluster.Jobs(next++ % cluster.Count).ListJobsAsync(Active, deadline: Soon)).Jobs.Count <= MostActive);
            await AskAsync(cluster, async jobs => id = (await jobs.CreateJobAsync(new CreateJobRequest { Spec = spec, RequestId = request }, deadline: Soon)).Id);
            ids.Add(id);
            if (i % 3 == 1 && asked.Add(id) && await AskAsync(cluster, async jobs => await jobs.CancelJobAsync(new CancelJobRequest { Id = id }, deadline: Soon)))
            {
                cancelled.Add(id);
            }

            if (i % 3 == 2 && await AskAsync(cluster, async jobs => await jobs.SuspendJobAsync(new SuspendJobRequest { Id = id }, deadline: Soon)))
            {
                await AskAsync(cluster, async jobs => await jobs.ResumeJobAsync(new ResumeJobRequest { Id = id }, deadline: Soon));
            }
        }

        await done.CancelAsync();
        var kills = await killing;
        foreach (var id in ids)
        {
            Job job = null!;
            await AskAsync(cluster, async jobs =>
            {
                using var watch = jobs.WatchJob(new WatchJobRequest { Id = id }, deadline: DateTimeOffset.UtcNow.AddSeconds(60).UtcDateTime);
                await foreach (var now in watch.ResponseStream.ReadAllAsync())
                {
                    job = now;
                }
            });
            var isRight = job.State == JobState.Cancelled ? asked.Contains(id) : job.State == JobState.Succeeded && !cancelled.Contains(id);
            Assert.True(isRight, $"{job}\n{cluster.Logs()}");
            Assert.Equal(job.Transitions.Count, job.Transitions.Distinct().Count());
        }

        Assert.Equal(ids.Order(), (await cluster.Jobs(0).ListJobsAsync(new ListJobsRequest { PageSize = 1000 })).Jobs.Select(job => job.Id).Order());
        output.WriteLine($"{ids.Count} jobs, {cancelled.Count} of them cancelled, through {kills} kills of coordinators");
    }

    private static ListJobsRequest Active => new() { PageSize = MostActive + 1, View = JobView.Basic, States = { JobState.Queued, JobState.Starting, JobState.Running, JobState.Recovering } };

    private static DateTime Soon => DateTimeOffset.UtcNow.AddSeconds(8).UtcDateTime;

    // At a random moment of whatever goes on; in between, the cluster is whole for a moment.
    private async Task<int> KillAsync(Coordinators cluster, CancellationToken done)
    {
        for (var kills = 0; ; kills++)
        {
            if (kills == Kills)
            {
                return kills;
            }

            await cluster.WholeAsync();
            await Task.Delay(_random.Next(1500), done);
            Signals.Kill(cluster.Coordinator(_random.Next(cluster.Count)));
        }
    }

    /// <summary>Asks one coordinator after the other until one says yes or no; false: no, since the job's state has gone on meanwhile.</summary>
    private static async Task<bool> AskAsync(Coordinators cluster, Func<JobService.JobServiceClient, Task> ask)
    {
        var isNo = false;
        var next = 0;
        await cluster.UntilAsync(async () =>
        {
            try
            {
                await ask(cluster.Jobs(next++ % cluster.Count));
                return true;
            }
            catch (RpcException no) when (no.StatusCode == StatusCode.FailedPrecondition)
            {
                return isNo = true;
            }
        });
        return !isNo;
    }
}
