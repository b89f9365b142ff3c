using System.Diagnostics;
using System.Text.Json;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Tests.Artifacts;

namespace Trainer.Cluster.Tests;

/// <summary>Stores of jobs' files that are full, read-only, hung or spoilt, under jobs that train, on real processes.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class DiskTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task A_full_disk_stops_no_training_and_loses_no_result()
    {
        await using var disk = await SmallDisk.MountAsync(megabytes: 12);
        await using var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1, "--artifacts", Path.Combine(disk.Folder, "jobs"));
        var undisturbed = await cluster.TrainAsync(new TinyJob(Epochs: 3).Write(cluster.Home));

        disk.Fill(free: 50_000);
        var endless = await cluster.SubmitAsync(new TinyJob(Epochs: 100_000) { CheckpointSeconds = 1 }.Write(cluster.Home));
        await AwaitAsync(cluster, endless, job => Message(job).Contains("No checkpoint could be written yet", StringComparison.Ordinal));
        var log = await cluster.RunAsync("logs", endless);
        Assert.Matches("A checkpoint takes 241 KiB; [0-9]+ (KiB|bytes) are free in ", log.Output);
        var step = Step(await cluster.GetAsync(endless));
        await AwaitAsync(cluster, endless, job => Step(job) > step + 20);
        disk.MakeRoom();
        await AwaitAsync(cluster, endless, job => Message(job) == "Training on worker-0.");
        Assert.NotEmpty((await cluster.RunAsync("checkpoints", endless)).Output);
        await cluster.RunAsync("cancel", endless, "--wait");

        disk.Fill(free: 50_000);
        var ends = await cluster.SubmitAsync(new TinyJob(Epochs: 3).Write(cluster.Home));
        await AwaitAsync(cluster, ends, job => Message(job).StartsWith("The result could not be written: ", StringComparison.Ordinal));
        disk.MakeRoom();
        var result = await cluster.WatchUntilAsync(ends, followed => followed.GetProperty("event").GetString() == "result");
        Assert.Equal(undisturbed.GetProperty("weights_sha256").GetString(), result.GetProperty("weights_sha256").GetString());

        await disk.RemountAsync(readOnly: true);
        ends = await cluster.SubmitAsync(new TinyJob(Epochs: 3).Write(cluster.Home));
        await AwaitAsync(cluster, ends, job => Message(job).Contains("Read-only file system", StringComparison.Ordinal));
        await disk.RemountAsync(readOnly: false);
        result = await cluster.WatchUntilAsync(ends, followed => followed.GetProperty("event").GetString() == "result");
        Assert.Equal(undisturbed.GetProperty("weights_sha256").GetString(), result.GetProperty("weights_sha256").GetString());
    }

    [Fact]
    public async Task A_store_that_hangs_stops_no_training()
    {
        await using var bucket = await S3Server.StartAsync();
        await using var cluster = await LocalCluster.UpAsync(bucket.Environment, workers: 1, threads: 1, "--artifacts", $"s3://{S3Server.Bucket}/jobs");
        var job = await cluster.SubmitAsync(new TinyJob(Epochs: 100_000) { CheckpointSeconds = 1 }.Write(cluster.Home));
        await AwaitAsync(cluster, job, running => Step(running) > 10);
        bucket.Stop();
        try
        {
            var step = Step(await cluster.GetAsync(job));
            await AwaitAsync(cluster, job, running => Step(running) > step + 200);
            var cancelled = await cluster.SubmitAsync(new TinyJob(Epochs: 100_000).Write(cluster.Home)); // Neither checks nor entities wait for the store.
            Assert.Equal(0, (await cluster.RunAsync("cancel", cancelled, "--wait")).ExitCode);
        }
        finally
        {
            bucket.Continue();
        }

        await AwaitAsync(cluster, job, running => Message(running) == "Training on worker-0.");
        var was = Step(await cluster.GetAsync(job));
        JsonElement last;
        do
        {
            last = JsonDocument.Parse((await cluster.RunAsync("checkpoints", job, "--output", "json")).Lines[^1]).RootElement;
        }
        while (last.GetProperty("step").GetUInt64() < was);
    }

    [Fact]
    public async Task A_folder_that_hangs_holds_up_no_worker_when_it_writes_the_result()
    {
        await using var disk = await HungDisk.MountAsync();
        await using var cluster = await LocalCluster.UpAsync(LocalCluster.SlowSteps, workers: 1, threads: 1, "--artifacts", Path.Combine(disk.Folder, "jobs"));
        var file = new TinyJob(Epochs: 20).Write(cluster.Home);
        var undisturbed = await cluster.TrainAsync(file);
        var job = await cluster.SubmitAsync(file);
        await AwaitAsync(cluster, job, running => Step(running) > 5);
        await disk.FreezeAsync();
        try
        {
            await AwaitAsync(cluster, job, running => Step(running) == 120);
            var given = await cluster.SubmitAsync(new TinyJob(Epochs: 20).Write(cluster.Home)); // It waits for the worker, which the first has until its result is written.
            Assert.Equal(0, (await cluster.RunAsync("cancel", given, "--wait")).ExitCode);
            Assert.Equal("RUNNING", (await cluster.GetAsync(job)).GetProperty("state").GetString());
        }
        finally
        {
            await disk.ThawAsync();
        }

        var result = await cluster.WatchUntilAsync(job, followed => followed.GetProperty("event").GetString() == "result");
        Assert.Equal(undisturbed.GetProperty("weights_sha256").GetString(), result.GetProperty("weights_sha256").GetString());
        Assert.DoesNotContain("left out", (await cluster.RunAsync("journal", job)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_corrupt_checkpoint_is_found_and_told_and_the_one_before_it_is_used()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1);
        var file = new TinyJob(Epochs: 150) { CheckpointSeconds = 1 }.Write(cluster.Home);
        var undisturbed = await cluster.TrainAsync(file);
        cluster.SlowDown();
        var job = await cluster.SubmitAsync(file);
        var folder = Path.Combine(cluster.Home, "jobs", job, "checkpoints");
        await AwaitAsync(cluster, job, _ => Directory.Exists(folder) && Directory.GetDirectories(folder, "step-*").Count(at => File.Exists(Path.Combine(at, "manifest.json"))) >= 2);
        using (var coordinator = Process.GetProcessById(cluster.ProcessId("worker-0")))
        {
            coordinator.Kill();
        }

        var newest = Directory.GetFiles(folder, "manifest.json", SearchOption.AllDirectories).Where(at => at.Contains("/step-", StringComparison.Ordinal)).MaxBy(File.GetLastWriteTimeUtc)!;
        var state = Path.Combine(Path.GetDirectoryName(newest)!, "state.bin");
        var bytes = await File.ReadAllBytesAsync(state);
        bytes[bytes.Length / 2] ^= 4;
        await File.WriteAllBytesAsync(state, bytes);
        cluster.SpeedUp();

        var result = await cluster.WatchUntilAsync(job, followed => followed.GetProperty("event").GetString() == "result");
        Assert.Equal(undisturbed.GetProperty("weights_sha256").GetString(), result.GetProperty("weights_sha256").GetString());
        Assert.Contains($"Checkpoint {Path.GetFileName(Path.GetDirectoryName(state))} cannot be read, and is not used any more.", (await cluster.GetAsync(job)).GetProperty("transitions").ToString(), StringComparison.Ordinal);
    }

    private static string Message(JsonElement job) => job.GetProperty("message").GetString()!;

    private static ulong Step(JsonElement job) => job.TryGetProperty("progress", out var progress) && progress.ValueKind == JsonValueKind.Object ? progress.GetProperty("step").GetUInt64() : 0;

    private static async Task AwaitAsync(LocalCluster cluster, string id, Func<JsonElement, bool> condition)
    {
        for (var since = TimeProvider.System.GetTimestamp(); ;)
        {
            var job = await cluster.GetAsync(id);
            if (condition(job))
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(since) < Patience, $"{job}\n{cluster.Logs()}");
        }
    }
}
