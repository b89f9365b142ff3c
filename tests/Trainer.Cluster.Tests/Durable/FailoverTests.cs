using System.Diagnostics;
using System.Globalization;
using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Coordinator.Tests.Store;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Durable;

/// <summary>Three coordinators on PostgreSQL, of which one after the other is killed or stands still, with and without a worker, while a job trains and others wait.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class FailoverTests(ITestOutputHelper output)
{
    private const int Waiting = 12;

    private static readonly TimeSpan Median = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Worst = TimeSpan.FromSeconds(30);

    /// <summary>TRAINER_FAILOVERS=20 for the table in docs/reliability.md.</summary>
    private static int Failovers => int.Parse(Environment.GetEnvironmentVariable("TRAINER_FAILOVERS") ?? "4", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Jobs_of_a_coordinator_that_is_killed_or_cut_off_answer_again_by_themselves_no_step_is_lost_and_the_weights_are_the_same()
    {
        await using var postgres = await PostgresServer.StartAsync();
        Assert.SkipWhen(postgres is null, PostgresServer.Missing);
        await using var cluster = await Coordinators.StartAsync(coordinators: 3, workers: 2, postgres.NewDatabase(), LocalCluster.SlowSteps);
        var file = new TinyJob(Epochs: 150) { CheckpointSeconds = 5 }.Write(cluster.Home);
        var undisturbed = await cluster.EndAsync(0, await cluster.SubmitAsync(file));
        var waiting = new List<string>();
        for (var i = 0; i < Waiting; i++)
        {
            waiting.Add(await cluster.SubmitAsync(new TinyJob(MinWorkers: 8).Write(cluster.Home)));
        }

        var times = new List<TimeSpan>();
        for (var round = 0; round < Failovers; round++)
        {
            var job = await cluster.SubmitAsync(file);
            await cluster.UntilAsync(async () => await cluster.StepAsync(0, job) > 20);
            times.Add(await FailAsync(cluster, round, [job, .. waiting]));
            var ended = await cluster.EndAsync((round + 1) % 3, job);
            Assert.True(ended.State == JobState.Succeeded && ended.Result.WeightsSha256 == undisturbed.Result.WeightsSha256, $"{ended}\n{cluster.Logs()}");
            await cluster.NothingIsLostAsync((round + 1) % 3, job);
            await cluster.WholeAsync();
        }

        times.Sort();
        output.WriteLine($"of {times.Count}: median {times[times.Count / 2].TotalSeconds:f1} s, worst {times[^1].TotalSeconds:f1} s");
        Assert.True(times[times.Count / 2] <= Median && times[^1] <= Worst, string.Join(", ", times));
    }

    /// <summary>How long it takes until all jobs answer at another coordinator. The one that stood still goes on after that, finds itself taken out, ends, and joins anew.</summary>
    private async Task<TimeSpan> FailAsync(Coordinators cluster, int round, List<string> jobs)
    {
        var (victim, witness, isKilled, withWorker) = (round % 3, (round + 1) % 3, round % 2 == 0, round % 4 >= 2);
        var process = cluster.Coordinator(victim);
        Assert.True(isKilled ? Signals.Kill(process) : Signals.Stop(process));
        if (withWorker)
        {
            Signals.Kill(cluster.Worker(round / 4 % 2));
        }

        var clock = Stopwatch.StartNew();
        await Task.WhenAll(jobs.Select(job => cluster.UntilAsync(async () => await AnswersAsync(cluster, witness, job))));
        var time = clock.Elapsed;
        output.WriteLine($"{(isKilled ? "killed" : "cut off")} coordinator-{victim}{(withWorker ? " and a worker" : "")}: all {jobs.Count} jobs answer after {time.TotalSeconds:f1} s");
        Signals.Continue(process);
        return time;
    }

    private static async Task<bool> AnswersAsync(Coordinators cluster, int coordinator, string job) =>
        (await cluster.Jobs(coordinator).GetJobAsync(new GetJobRequest { Id = job }, deadline: DateTimeOffset.UtcNow.AddSeconds(2).UtcDateTime)).Id == job;
}
