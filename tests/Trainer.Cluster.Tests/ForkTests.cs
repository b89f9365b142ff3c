using System.Diagnostics;
using System.Text.Json;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>One training, however it is broken off and taken up again, on real processes.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class ForkTests
{
    [Fact]
    public async Task A_fork_with_nothing_changed_comes_to_the_same_weights_and_one_of_the_weights_begins_anew()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 2, threads: 1);
        var id = await cluster.SubmitAsync(new TinyJob(Epochs: 60) { CheckpointSeconds = 1, Recipe = "optimizer: {adam: {lr: 0.01}}" }.Write(cluster.Home));
        var source = await EndAsync(cluster, id);
        var checkpoints = (await cluster.RunAsync("checkpoints", id, "--output", "json")).Lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(360ul, checkpoints[^1].GetProperty("step").GetUInt64()); // The last state is kept.

        var file = Path.Combine(cluster.Home, "fork.yaml");
        var fork = await cluster.RunAsync("fork", id, "--step", $"{checkpoints[0].GetProperty("step")}", "--to", file, "--follow", "--output", "json");
        Assert.True(fork.ExitCode == 0, $"{fork}");
        Assert.Equal(source, JsonDocument.Parse(fork.Lines[^1]).RootElement.GetProperty("weights_sha256").GetString());
        var again = await cluster.TrainAsync(file); // The file is the whole truth.
        Assert.Equal(source, again.GetProperty("weights_sha256").GetString());

        var longer = await cluster.RunAsync("fork", id, "--set", "training.epochs=61", "--to", Path.Combine(cluster.Home, "longer.yaml"), "--wait", "--output", "json");
        Assert.True(longer.ExitCode == 0, $"{longer}");
        var other = await cluster.RunAsync("fork", id, "--set", "training.init.from.take=weights", "--set", "training.batch_size=53", "--set", "training.epochs=1", "--to", Path.Combine(cluster.Home, "other.yaml"), "--wait", "--output", "json");
        Assert.True(other.ExitCode == 0, $"{other}");
    }

    [Fact]
    public async Task Suspended_killed_and_undisturbed_trainings_end_with_the_same_weights()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 3, threads: 1);
        var file = TinyJob.Everything(workers: 3) with { Epochs = 100, MinWorkers = 1, CheckpointSeconds = 1 };
        var undisturbed = await cluster.TrainAsync(file.Write(cluster.Home));

        cluster.SlowDown();
        var suspended = await cluster.SubmitAsync(file.Write(cluster.Home));
        await cluster.WatchUntilAsync(suspended, job => Step(job) > 30);
        await SucceedsAsync(cluster, "suspend", suspended);
        await cluster.WatchUntilAsync(suspended, job => job.GetProperty("state").GetString() == "SUSPENDED");
        await SucceedsAsync(cluster, "scale", suspended, "--max", "2");
        cluster.SpeedUp();
        await SucceedsAsync(cluster, "resume", suspended);
        var resumed = await EndAsync(cluster, suspended);

        cluster.SlowDown();
        var killed = await cluster.SubmitAsync(file.Write(cluster.Home));
        foreach (var step in new[] { 20ul, 40ul })
        {
            await cluster.WatchUntilAsync(killed, job => Step(job) > step);
            foreach (var name in new[] { "coordinator", "worker-0", "worker-1", "worker-2" })
            {
                using var process = Process.GetProcessById(cluster.ProcessId(name));
                process.Kill();
                await process.WaitForExitAsync();
            }
        }

        cluster.SpeedUp();
        var survived = await EndAsync(cluster, killed);
        Assert.Equal(undisturbed.GetProperty("weights_sha256").GetString(), resumed);
        Assert.Equal(undisturbed.GetProperty("weights_sha256").GetString(), survived);
    }

    private static async Task SucceedsAsync(LocalCluster cluster, params string[] command)
    {
        var run = await cluster.RunAsync(command);
        Assert.True(run.ExitCode == 0, $"{run}");
    }

    private static async Task<string?> EndAsync(LocalCluster cluster, string job) =>
        (await cluster.WatchUntilAsync(job, followed => followed.GetProperty("event").GetString() == "result")).GetProperty("weights_sha256").GetString();

    private static ulong Step(JsonElement job) => job.TryGetProperty("step", out var step) ? step.GetUInt64() : 0;
}
