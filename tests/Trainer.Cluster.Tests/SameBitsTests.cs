using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>The promise: the same job gives the same weights, bit for bit, on any number of workers and threads.</summary>
[Collection("processes")]
public sealed class SameBitsTests(FiveWorkers five)
{
    [Fact]
    public async Task Batch_norm_dropout_and_the_whole_recipe_have_one_hash_on_1_2_3_and_5_workers()
    {
        var (hashes, losses) = (new Dictionary<int, string>(), new HashSet<(double, double)>());
        var cluster = await five.ClusterAsync();
        foreach (var workers in (int[])[1, 2, 3, 5])
        {
            var result = await cluster.TrainAsync(TinyJob.Everything(workers).Write(cluster.Home));
            Assert.Equal("SUCCEEDED", result.GetProperty("state").GetString());
            hashes[workers] = result.GetProperty("weights_sha256").GetString()!;
            losses.Add((result.GetProperty("loss").GetDouble(), result.GetProperty("test_accuracy").GetDouble()));
        }

        Assert.Single(losses);
        Assert.True(
            hashes.Values.Distinct(StringComparer.Ordinal).Count() == 1,
            string.Join('\n', hashes.Select(entry => $"{entry.Key} workers: {entry.Value}")));
    }

    [Fact]
    public async Task What_gives_bits_up_has_one_hash_on_1_2_3_and_5_workers_and_says_so()
    {
        var hashes = new List<string>();
        var cluster = await five.ClusterAsync();
        foreach (var workers in (int[])[1, 2, 3, 5])
        {
            var job = TinyJob.Everything(workers) with { Recipe = "optimizer: {sgd: {lr: 0.1}}\ncompute: tf32\ngradients: bf16" };
            var result = await cluster.TrainAsync(job.Write(cluster.Home));
            Assert.Equal(("SUCCEEDED", false), (result.GetProperty("state").GetString(), result.GetProperty("exact").GetBoolean()));
            hashes.Add(result.GetProperty("weights_sha256").GetString()!);
        }

        Assert.Single(hashes.Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public async Task One_job_has_one_hash_on_1_to_5_workers_with_1_thread_each_and_on_2_with_2()
    {
        var hashes = new Dictionary<(int Workers, int Threads), string>();
        foreach (var workers in (int[])[1, 2, 3, 4, 5])
        {
            hashes[(workers, 1)] = await HashAsync(await five.ClusterAsync(), workers);
        }

        await using (var cluster = await LocalCluster.UpAsync(workers: 2, threads: 2))
        {
            hashes[(2, 2)] = await HashAsync(cluster, 2);
        }

        Assert.True(
            hashes.Values.Distinct(StringComparer.Ordinal).Count() == 1,
            string.Join('\n', hashes.Select(entry => $"{entry.Key.Workers} workers x {entry.Key.Threads} threads: {entry.Value}")));
    }

    private static async Task<string> HashAsync(LocalCluster cluster, int workers)
    {
        var result = await cluster.TrainAsync(new TinyJob(MinWorkers: workers, MaxWorkers: workers).Write(cluster.Home));
        Assert.Equal("SUCCEEDED", result.GetProperty("state").GetString());
        return result.GetProperty("weights_sha256").GetString()!;
    }
}
