using System.Diagnostics;
using System.Globalization;
using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Protos;

namespace Trainer.Cluster.Tests;

/// <summary>How soon a worker that was killed is back: `trainer up` starts it again, the cluster takes it in, and its job gives it shards.</summary>
[Collection("processes")]
public sealed class ReturnTests
{
    private const int Kills = 5;
    private const string Worker = "worker-1";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    [Trait("Category", "Long")]
    public async Task A_killed_worker_is_back_in_its_job_within_seconds()
    {
        await using var cluster = await ChaosCluster.UpAsync(workers: 2);
        var id = await cluster.SubmitAsync(new TinyJob(Epochs: 100_000, MinWorkers: 1).Write(cluster.Home));
        var back = new List<double>();
        for (var kill = 0; kill < Kills; kill++)
        {
            await UntilAsync(async () => await LastAsync(cluster, id) is { Members.Count: 2, FirstCommitTime: not null });
            var (dead, killed) = (cluster.Process(Worker)!.Value, DateTimeOffset.UtcNow);
            Process.GetProcessById(dead).Kill();
            await UntilAsync(() => Task.FromResult(cluster.Process(Worker) is { } next && next != dead));
            var started = DateTimeOffset.UtcNow;
            await UntilAsync(async () => await LastAsync(cluster, id) is { Members.Count: 2, FirstCommitTime: { } commit } && commit.ToDateTimeOffset() > killed);
            var committed = (await LastAsync(cluster, id))!.FirstCommitTime.ToDateTimeOffset();
            back.Add((committed - killed).TotalSeconds);
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"killed {killed:mm:ss.fff}, opens its ports after {(started - killed).TotalSeconds:0.0} s, commits in the job after {back[^1]:0.0} s"));
        }

        Assert.True(back.Order().ElementAt(Kills / 2) < Patience.TotalSeconds, string.Join(", ", back));
    }

    private static async Task<JournalEntry?> LastAsync(ChaosCluster cluster, string job) => (await cluster.JournalAsync(job)).LastOrDefault(); // None: it has not begun.

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            await Task.Delay(50, limit.Token);
        }
    }
}
