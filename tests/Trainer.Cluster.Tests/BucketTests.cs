using System.Diagnostics;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Tests.Artifacts;

namespace Trainer.Cluster.Tests;

/// <summary>Jobs whose files are in a bucket, on real processes.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class BucketTests
{
    [Fact]
    public async Task A_job_recovers_from_a_checkpoint_in_a_bucket_and_its_files_are_fetched_from_there()
    {
        await using var bucket = await S3Server.StartAsync();
        await using var cluster = await LocalCluster.UpAsync(bucket.Environment, workers: 2, threads: 1, "--artifacts", $"s3://{S3Server.Bucket}/jobs");
        var job = new TinyJob(Epochs: 150) { CheckpointSeconds = 1 }.Write(cluster.Home);
        var undisturbed = await cluster.TrainAsync(job);

        cluster.SlowDown();
        var killed = await cluster.SubmitAsync(job);
        await cluster.WatchUntilAsync(killed, running => running.TryGetProperty("step", out var step) && step.GetUInt64() > 20);
        foreach (var worker in new[] { "worker-0", "worker-1" })
        {
            using var process = Process.GetProcessById(cluster.ProcessId(worker));
            process.Kill();
        }

        cluster.SpeedUp();
        var result = await cluster.WatchUntilAsync(killed, followed => followed.GetProperty("event").GetString() == "result");
        Assert.Equal(undisturbed.GetProperty("weights_sha256").GetString(), result.GetProperty("weights_sha256").GetString());
        Assert.Contains("from the checkpoint at step", (await cluster.GetAsync(killed)).GetProperty("transitions").ToString());
        Assert.False(Directory.Exists(Path.Combine(cluster.Home, "jobs", killed)));

        var download = await cluster.RunAsync("download", killed, "--to", Path.Combine(cluster.Home, "got"));
        Assert.True(download.ExitCode == 0, $"{download}");
        Assert.Contains(result.GetProperty("weights_sha256").GetString()!, download.Output);
        Assert.Equal(150, File.ReadAllLines(Path.Combine(cluster.Home, "got", "metrics.jsonl")).Length);
        var verified = await cluster.RunAsync("verify", killed, "--wait", "--all");
        Assert.True(verified.ExitCode == 0, $"{verified}");
    }
}
