using System.Globalization;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>Workers whose memory is limited: what does not fit goes through the network in parts, with the same bits, or is refused with the bytes.</summary>
[Collection("processes")]
public sealed class MemoryTests
{
    private const long Limit = 420L << 20;

    /// <summary>Its activations take 700 MB where a batch of 256 goes through the network as a whole.</summary>
    private static readonly TinyJob Wide = new(Epochs: 1, Batch: 256, Shards: 16, Train: 307, Test: 53)
    {
        Model = """
            layers:
              - conv2d: {out_channels: 31, kernel_size: 3, auto_padding: same}
              - tanh: {}
              - conv2d: {out_channels: 29, kernel_size: 3, auto_padding: same}
              - tanh: {}
              - max_pool2d: {kernel_size: 4}
              - flatten: {}
              - linear: {out_features: 10}
            """,
        Transforms = "resize: [73, 71]",
    };

    [Fact]
    [Trait("Category", "Long")]
    public async Task A_worker_stays_within_its_memory_and_has_the_same_hash()
    {
        var (hash, free) = await TrainAsync();
        var (limitedHash, limited) = await TrainAsync("--memory-per-worker", $"{Limit >> 20}MiB");

        Assert.True(free > Limit, $"Without a limit it held {free:N0} bytes: that shows nothing.");
        Assert.True(limited <= Limit, $"It was to hold {Limit:N0} bytes and held {limited:N0}.");
        Assert.Equal(hash, limitedHash);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task What_does_not_fit_in_parts_either_is_refused_with_the_bytes_and_the_worker_lives()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1, "--memory-per-worker", "200MiB");
        var id = await cluster.SubmitAsync((Wide with { Shards = 1 }).Write(cluster.Home));

        var job = await cluster.WatchUntilAsync(id, job => $"{job}".Contains("bytes for one group of", StringComparison.Ordinal));

        Assert.Matches(@"cpu: the network needs [\d,]+ bytes for one group of 1 shard \(256 samples\), [\d,]+ are available", $"{job}");
        Assert.Equal(0, (await cluster.RunAsync("cancel", id)).ExitCode);
        Assert.Equal("SUCCEEDED", (await cluster.TrainAsync(new TinyJob().Write(cluster.Home))).GetProperty("state").GetString());
    }

    /// <summary>Nobody tells the worker: .NET knows what the container may have.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task In_a_container_the_kernel_kills_nobody()
    {
        using var container = MemoryGroup.Create(900L << 20);
        await using var cluster = await LocalCluster.UpInAsync(container, workers: 1, threads: 1);

        Assert.Equal("SUCCEEDED", (await cluster.TrainAsync(Wide.Write(cluster.Home))).GetProperty("state").GetString());

        Assert.Equal(0, container.Kills);
    }

    /// <summary>Of a job's weights the hash, and the most that its worker held, pages of files apart.</summary>
    private static async Task<(string Hash, long Held)> TrainAsync(params string[] more)
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1, more);
        var result = await cluster.TrainAsync(Wide.Write(cluster.Home));
        Assert.Equal("SUCCEEDED", result.GetProperty("state").GetString());
        var status = (await File.ReadAllLinesAsync($"/proc/{cluster.ProcessId("worker-0")}/status")).Select(line => line.Split(':')).ToDictionary(line => line[0], line => line[1], StringComparer.Ordinal);
        return (result.GetProperty("weights_sha256").GetString()!, Bytes(status["VmHWM"]) - Bytes(status["RssFile"]));
    }

    // " 20672 kB"
    private static long Bytes(string text) => long.Parse(text.Trim().Split(' ')[0], CultureInfo.InvariantCulture) << 10;
}
