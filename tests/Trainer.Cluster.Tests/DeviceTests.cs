using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu;

namespace Trainer.Cluster.Tests;

/// <summary>Jobs on workers that compute on a GPU, or on what passes for one.</summary>
[Collection("processes")]
public sealed class DeviceTests
{
    /// <summary>Of an OpenCL device that rounds quotients and square roots correctly, as PoCL does; others may have bits of their own.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task LeNet_on_opencl_has_one_hash_on_one_and_two_workers_and_it_is_the_cpus()
    {
        Assert.SkipUnless(
            DeviceCatalog.List().Any(device => device is { Kind: DeviceKind.OpenCl, IsUsable: true }), "There is no OpenCL device: no job was trained on one.");
        string cpu, one, two;
        await using (var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1, "--device", "cpu"))
        {
            cpu = await HashAsync(cluster, DeviceKind.Cpu, workers: 1);
        }

        await using (var cluster = await LocalCluster.UpAsync(workers: 2, threads: 1, "--device", "opencl"))
        {
            one = await HashAsync(cluster, DeviceKind.OpenCl, workers: 1);
            two = await HashAsync(cluster, DeviceKind.OpenCl, workers: 2);
        }

        Assert.Equal((cpu, cpu), (one, two));
    }

    private static async Task<string> HashAsync(LocalCluster cluster, string device, int workers)
    {
        var job = new TinyJob(Epochs: 1, MinWorkers: workers, MaxWorkers: workers, Train: 111, Test: 23) { Device = device };
        var result = await cluster.TrainAsync(job.Write(cluster.Home));
        Assert.Equal("SUCCEEDED", result.GetProperty("state").GetString());
        return result.GetProperty("weights_sha256").GetString()!;
    }
}
