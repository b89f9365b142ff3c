using System.Globalization;
using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Protos;

namespace Trainer.Cluster.Tests;

/// <summary>Shares follow measured speed, in real time: pauses that cost no processor make up the time of a shard, and one of four workers has twice as long ones.</summary>
[Collection("processes")]
public sealed class SharesTests
{
    private const int Workers = 4;
    private const int Shards = 64;
    private const int PauseMilliseconds = 4;

    /// <summary>Of 64 shards, the slow worker's least time is that of 20 of the others': 20, 18, 16 and 10.</summary>
    private const double MostShares = 20;

    [Fact]
    [Trait("Category", "Long")]
    public async Task One_of_four_at_half_speed_costs_no_more_than_whole_shares_make_it()
    {
        var job = new TinyJob(Epochs: 60, Batch: Shards, Shards, Workers, Workers, Train: 640, Test: 64);
        var even = await RunAsync(job, slowest: 1);
        var uneven = await RunAsync(job, slowest: 2);
        var allowed = even.Speed * (Shards / Workers) / MostShares;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"all alike {even.Speed:0} images/s; one at half speed {uneven.Speed:0}, after {uneven.Change}; whole shares allow {allowed:0}: {uneven.Speed / allowed:0.000}"));

        Assert.Equal(even.Sha256, uneven.Sha256);
        Assert.Contains("shares: slow-", uneven.Change, StringComparison.Ordinal);
        Assert.True(uneven.Speed >= 0.95 * allowed, $"{uneven.Speed} of {allowed}");
    }

    // The speed is the median of the last third: shares have changed by then.
    private static async Task<(double Speed, string Sha256, string Change)> RunAsync(TinyJob job, int slowest)
    {
        await using var cluster = await ChaosCluster.UpAsync(workers: 1);
        await cluster.DrainAsync("worker-0", undo: false);
        foreach (var worker in Enumerable.Range(0, Workers))
        {
            var isSlow = worker == Workers - 1;
            cluster.Join(isSlow ? "slow" : "even", $"shard:{PauseMilliseconds * (isSlow ? slowest : 1)}:pause");
        }

        var id = await cluster.SubmitAsync(job.Write(cluster.Home));
        await using var watch = new JobWatch(cluster.Address, id);
        await watch.UntilAsync(_ => false, TimeSpan.FromMinutes(5));
        var done = watch.Latest;
        Assert.True(done.State == JobState.Succeeded, $"{done}\n{cluster.Logs}");
        var speeds = done.Epochs.Select(epoch => epoch.ImagesPerSecond).ToList();
        var last = speeds.TakeLast(speeds.Count / 3).Order().ToList();
        var change = (await cluster.JournalAsync(id)).FirstOrDefault(entry => entry.Reason == "SharesChanged");
        return (last[last.Count / 2], done.Result.WeightsSha256, $"step {change?.FromStep}: {change?.Members} {change?.Detail}");
    }
}
