using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu;
using Trainer.Protos;

namespace Trainer.Cluster.Tests;

/// <summary>Several workers in one process train a job with others, and leave it in order: when they are told to, and when one of them is stuck.</summary>
[Collection("processes")]
public sealed class ManyWorkersTests
{
    private const int KilledBySignal9 = 128 + 9;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    [Trait("Category", "Long")]
    public async Task Three_workers_of_a_process_and_one_of_another_have_the_hash_of_one_and_leave_when_told()
    {
        await using var cluster = await ChaosCluster.UpAsync(workers: 1);
        var job = new TinyJob(Epochs: 200);
        var alone = await ResultAsync(cluster, await cluster.SubmitAsync(job.Write(cluster.Home)));
        var (name, process) = cluster.Join("many", "forward:20:pause", workers: 3); // So that the job lasts.
        await cluster.ListedAsync([$"{name}.0", $"{name}.1", $"{name}.2"]);

        var id = await cluster.SubmitAsync(job.Write(cluster.Home));
        await UntilAsync(cluster, id, journal => journal.LastOrDefault() is { Members.Count: 4, Steps: > 20 });
        Assert.True(Signals.Terminate(process.Id));
        await process.WaitForExitAsync(new CancellationTokenSource(Patience).Token);

        Assert.Equal((0, alone), (process.ExitCode, await ResultAsync(cluster, id)));
        Assert.Empty((await cluster.JournalAsync(id)).SelectMany(entry => entry.Lost));
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task One_that_is_stuck_lets_the_others_leave_and_its_process_ends_itself()
    {
        await using var cluster = await ChaosCluster.UpAsync(workers: 1);
        var job = new TinyJob(Epochs: 60);
        var alone = await ResultAsync(cluster, await cluster.SubmitAsync(job.Write(cluster.Home)));
        var (name, process) = cluster.Join("many", "forward:60:hang", workers: 3); // One of their threads, for ever.
        await cluster.ListedAsync([$"{name}.0", $"{name}.1", $"{name}.2"]);
        var slow = Path.Combine(cluster.Home, "slow");
        await File.WriteAllBytesAsync(slow, []); // The other process: so that the job lasts.

        var id = await cluster.SubmitAsync(job.Write(cluster.Home));
        await process.WaitForExitAsync(new CancellationTokenSource(Patience).Token);
        File.Delete(slow);

        Assert.True(process.ExitCode == KilledBySignal9, cluster.Logs);
        Assert.Equal(alone, await ResultAsync(cluster, id));
        var journal = await cluster.JournalAsync(id);
        var stuck = Assert.Single(journal.SelectMany(entry => entry.Lost).Distinct());
        Assert.StartsWith(name, stuck, StringComparison.Ordinal);
        Assert.Contains($"The thread that computes for {stuck} has not come to rest within", cluster.Logs, StringComparison.Ordinal);
        Assert.Equal(["worker-0"], journal[^1].Members.Select(member => member.Worker));
    }

    /// <summary>PoCL, told to be two devices.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task A_process_with_a_worker_on_each_opencl_device_has_the_hash_of_the_cpu()
    {
        Assert.SkipUnless(
            DeviceCatalog.List().Any(device => device is { Kind: DeviceKind.OpenCl, IsUsable: true }), "There is no OpenCL device: no job was trained on one.");
        await using var cluster = await ChaosCluster.UpAsync(workers: 1);
        var job = new TinyJob(Epochs: 1, Train: 111, Test: 23);
        var cpu = await ResultAsync(cluster, await cluster.SubmitAsync(job.Write(cluster.Home)));
        var (name, _) = cluster.Join("gpus", probe: null, workers: null, device: "opencl:all", ("POCL_DEVICES", "pthread pthread"));
        await cluster.ListedAsync([$"{name}.0", $"{name}.1"]);

        var id = await cluster.SubmitAsync((job with { MinWorkers = 2, MaxWorkers = 2, Device = DeviceKind.OpenCl }).Write(cluster.Home));

        Assert.Equal(cpu, await ResultAsync(cluster, id));
    }

    private static async Task<string> ResultAsync(ChaosCluster cluster, string id)
    {
        await using var watch = new JobWatch(cluster.Address, id);
        await watch.UntilAsync(_ => false, Patience);
        Assert.True(watch.Latest.State == JobState.Succeeded, $"{watch.Latest}\n{cluster.Logs}");
        return watch.Latest.Result.WeightsSha256;
    }

    private static async Task UntilAsync(ChaosCluster cluster, string id, Func<IReadOnlyList<JournalEntry>, bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!condition(await cluster.JournalAsync(id)))
        {
            await Task.Delay(100, limit.Token);
        }
    }
}
