using System.Diagnostics;
using System.Text.Json;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>Processes die for real: what the job says, how soon, and what the cluster does next.</summary>
[Collection("processes")]
public sealed class FailureTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_killed_worker_fails_its_job_at_once_and_the_cluster_takes_the_next(int workers)
    {
        await using var cluster = await LocalCluster.UpAsync(workers, threads: 1);
        var id = await cluster.SubmitAsync(new TinyJob(Epochs: 100_000, MinWorkers: workers).Write(cluster.Home));
        await cluster.WatchUntilAsync(id, job => Step(job) > 20);

        var victim = $"worker-{workers - 1}";
        var killed = Kill(cluster.ProcessId(victim));
        await cluster.WatchUntilAsync(id, job => State(job) == "FAILED");

        var ended = await cluster.GetAsync(id);
        Assert.Equal("FAILED", State(ended));
        Assert.Matches($@"{victim} .*step \d+", ended.GetProperty("message").GetString());
        var failed = ended.GetProperty("transitions").EnumerateArray().Last().GetProperty("time").GetDateTimeOffset();
        Assert.InRange(failed - killed, TimeSpan.Zero, Deadline);

        var next = await cluster.TrainAsync(new TinyJob(MinWorkers: workers).Write(cluster.Home));
        Assert.Equal("SUCCEEDED", State(next));
    }

    [Fact]
    public async Task A_killed_coordinator_comes_back_and_the_job_goes_on_to_the_same_hash()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 2, threads: 1);
        var job = new TinyJob(Epochs: 200, MinWorkers: 2);
        var undisturbed = await cluster.TrainAsync(job.Write(cluster.Home));

        var id = await cluster.SubmitAsync(job.Write(cluster.Home));
        await cluster.WatchUntilAsync(id, running => Step(running) > 20);
        var watching = new TaskCompletionSource();
        var end = cluster.WatchUntilAsync(id, followed =>
        {
            watching.TrySetResult();
            return followed.GetProperty("event").GetString() == "result";
        });
        await watching.Task;
        Kill(cluster.ProcessId("coordinator"));

        var ended = await end;
        Assert.True(State(ended) == "SUCCEEDED", ended.ToString());
        Assert.Equal(
            undisturbed.GetProperty("weights_sha256").GetString(), ended.GetProperty("weights_sha256").GetString());
    }

    private static DateTimeOffset Kill(int processId)
    {
        using var process = Process.GetProcessById(processId);
        process.Kill();
        return DateTimeOffset.UtcNow;
    }

    private static string State(JsonElement job) => job.GetProperty("state").GetString()!;

    private static ulong Step(JsonElement job) => job.TryGetProperty("step", out var step) ? step.GetUInt64() : 0;
}
