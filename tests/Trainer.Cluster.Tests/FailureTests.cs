using System.Diagnostics;
using System.Text.Json;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>Processes die for real, and the job goes on.</summary>
[Collection("processes")]
public sealed class FailureTests
{
    [Fact]
    public Task A_killed_worker_costs_its_job_nothing_and_comes_back() => KillOneAsync(workers: 3);

    [Fact]
    [Trait("Category", "Long")]
    public Task The_only_worker_is_killed_and_comes_back_to_its_job() => KillOneAsync(workers: 1);

    private static async Task KillOneAsync(int workers)
    {
        await using var cluster = await LocalCluster.UpAsync(LocalCluster.SlowSteps, workers, threads: 1);
        var job = new TinyJob(Epochs: 50); // 300 steps, 6 s: it still runs when the blow falls.
        var undisturbed = await cluster.TrainAsync(job.Write(cluster.Home));

        var id = await cluster.SubmitAsync(job.Write(cluster.Home));
        await cluster.WatchUntilAsync(id, running => Step(running) > 20);
        Kill(cluster.ProcessId($"worker-{workers - 1}"));
        await cluster.WatchUntilAsync(id, followed => followed.GetProperty("event").GetString() == "result");

        var ended = await cluster.GetAsync(id);
        Assert.True(State(ended) == "SUCCEEDED", ended.ToString());
        Assert.Equal(undisturbed.GetProperty("weights_sha256").GetString(), ended.GetProperty("result").GetProperty("weights_sha256").GetString());
        Assert.Contains("RECOVERING", ended.GetProperty("transitions").EnumerateArray().Select(State));
    }

    [Fact]
    public async Task A_killed_coordinator_comes_back_and_the_job_goes_on_to_the_same_hash()
    {
        await using var cluster = await LocalCluster.UpAsync(LocalCluster.SlowSteps, workers: 2, threads: 1);
        var job = new TinyJob(Epochs: 60, MinWorkers: 2);
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

    private static void Kill(int processId)
    {
        using var process = Process.GetProcessById(processId);
        process.Kill();
    }

    private static string State(JsonElement job) => job.GetProperty("state").GetString()!;

    private static ulong Step(JsonElement job) => job.TryGetProperty("step", out var step) ? step.GetUInt64() : 0;
}
