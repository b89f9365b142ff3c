using System.Diagnostics;
using System.Text.Json;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>The store is lost while a job trains: workers keep what they hold.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class OrphanTests
{
    [Fact]
    public async Task A_job_whose_store_was_lost_is_adopted_from_its_workers_and_ends_with_its_hash_and_another_is_released()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 2, threads: 1);
        var job = new TinyJob(Epochs: 400, MinWorkers: 2);
        var id = await cluster.SubmitAsync(job.Write(cluster.Home));
        await cluster.WatchUntilAsync(id, running => running.TryGetProperty("step", out var step) && step.GetUInt64() > 20);
        await LoseStoreAsync(cluster);

        await AwaitAsync(cluster, workers => workers.Count == 2 && workers.All(worker => worker.GetProperty("orphaned").GetBoolean()));
        Assert.Equal(1, (await cluster.RunAsync("get", id)).ExitCode);
        var adopted = await cluster.RunAsync("worker", "adopt", "worker-1");
        Assert.True(adopted.ExitCode == 0, $"{adopted}");
        await cluster.WatchUntilAsync(id, followed => followed.GetProperty("event").GetString() == "result");
        var ended = await cluster.GetAsync(id);
        Assert.True(ended.GetProperty("state").GetString() == "SUCCEEDED", ended.ToString());
        Assert.Equal(400, ended.GetProperty("epochs").GetArrayLength());

        var undisturbed = await cluster.TrainAsync(job.Write(cluster.Home));
        Assert.Equal(undisturbed.GetProperty("weights_sha256").GetString(), ended.GetProperty("result").GetProperty("weights_sha256").GetString());

        await cluster.SubmitAsync((job with { Epochs = 20_000 }).Write(cluster.Home));
        await AwaitAsync(cluster, workers => workers.All(worker => worker.GetProperty("job").GetString() != ""));
        await LoseStoreAsync(cluster);
        await AwaitAsync(cluster, workers => workers.Count == 2 && workers.All(worker => worker.GetProperty("orphaned").GetBoolean()));
        foreach (var worker in new[] { "worker-0", "worker-1" })
        {
            var released = await cluster.RunAsync("worker", "release", worker);
            Assert.True(released.ExitCode == 0, $"{released}");
        }

        await AwaitAsync(cluster, workers => workers.Count == 2 && workers.All(worker => worker.GetProperty("job").GetString() == ""));
        await cluster.TrainAsync(new TinyJob(MinWorkers: 2).Write(cluster.Home));
    }

    // The coordinator is started again by `up`, and finds an empty folder.
    private static async Task LoseStoreAsync(LocalCluster cluster)
    {
        using var coordinator = Process.GetProcessById(cluster.ProcessId("coordinator"));
        foreach (var file in Directory.GetFiles(cluster.Home, "jobs.db*", SearchOption.AllDirectories))
        {
            File.Delete(file);
        }

        coordinator.Kill();
        await coordinator.WaitForExitAsync();
    }

    private static async Task AwaitAsync(LocalCluster cluster, Func<List<JsonElement>, bool> condition)
    {
        for (var patience = Stopwatch.StartNew(); ; await Task.Delay(TimeSpan.FromMilliseconds(100)))
        {
            var run = await cluster.RunAsync("workers", "--output", "json");
            if (run.ExitCode == 0 && condition([.. JsonDocument.Parse(run.Output).RootElement.GetProperty("workers").EnumerateArray()]))
            {
                return;
            }

            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(2), $"{run}");
        }
    }
}
