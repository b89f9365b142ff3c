using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>A job of higher priority takes workers of a running one, on real processes; steps last by pauses, so that times can be told in steps.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class PreemptionTests
{
    private const double StepSeconds = 0.6;

    /// <summary>Until a worker that is free is granted: the scheduler awaits others, and looks at the clock.</summary>
    private const double Settle = 0.75;

    private static readonly TinyJob Low = new(Epochs: 12) { CheckpointSeconds = 0, Recipe = "optimizer: {adam: {lr: 0.01}}" };
    private static readonly TinyJob One = new(Epochs: 2, MaxWorkers: 1) { Priority = 5 };
    private static readonly TinyJob Both = new(Epochs: 3, MinWorkers: 2, MaxWorkers: 2) { Priority = 5 };

    [Fact]
    public async Task It_has_its_first_step_soon_and_all_end_with_the_weights_of_undisturbed_ones()
    {
        string?[] undisturbed;
        await using (var quick = await LocalCluster.UpAsync(workers: 2, threads: 1))
        {
            undisturbed = [await TrainAsync(quick, Low), await TrainAsync(quick, One), await TrainAsync(quick, Both)];
        }

        await using var cluster = await LocalCluster.UpAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["TRAINER_CHAOS_PROBE"] = "forward:600:pause" }, workers: 2, threads: 1);
        var low = await cluster.SubmitAsync(Low.Write(cluster.Home));
        await cluster.WatchUntilAsync(low, job => Step(job) > 2);

        var one = await cluster.SubmitAsync(One.Write(cluster.Home));
        await cluster.WatchUntilAsync(one, job => Step(job) > 0);
        Tell("one of two workers", await cluster.GetAsync(one));
        await EndAsync(cluster, one);

        await cluster.WatchUntilAsync(low, job => job.GetProperty("message").GetString()!.Contains(" came; ", StringComparison.Ordinal));
        var both = await cluster.SubmitAsync(Both.Write(cluster.Home));
        await cluster.WatchUntilAsync(both, job => Step(job) > 0);
        Tell("both workers", await cluster.GetAsync(both));
        var waiting = await cluster.GetAsync(low);
        Assert.Equal(("QUEUED", "Preempted"), (waiting.GetProperty("state").GetString(), Transitions(waiting)[^1].Reason));
        var queue = JsonDocument.Parse((await cluster.RunAsync("queue", "--output", "json")).Output).RootElement.GetProperty("entries")[0];
        Assert.Equal((low, "WORKERS"), (queue.GetProperty("job").GetString(), queue.GetProperty("cause").GetString()));
        Assert.StartsWith($"It made room for job {both}, of priority 5: it stopped at step ", queue.GetProperty("message").GetString());

        using (var coordinator = Process.GetProcessById(cluster.ProcessId("coordinator")))
        {
            coordinator.Kill();
            await coordinator.WaitForExitAsync();
        }

        Assert.Equal<IEnumerable<string?>>(undisturbed, [await EndAsync(cluster, low), await EndAsync(cluster, one), await EndAsync(cluster, both)]);
    }

    // From its creation to its workers at most two steps of the other, from there to its first step at most 3 s.
    private static void Tell(string what, JsonElement job)
    {
        var now = DateTimeOffset.UtcNow;
        var transitions = Transitions(job);
        var granted = transitions.First(transition => transition.Reason == "WorkersGranted").Time;
        var (waited, started) = ((granted - transitions[0].Time).TotalSeconds, (now - granted).TotalSeconds);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what}: granted after {waited:0.00} s, which is {waited / StepSeconds:0.0} steps; first step at most {started:0.00} s later, of which {StepSeconds} s are its own"));
        Assert.InRange(waited, 0, (2 * StepSeconds) + Settle + 0.5);
        Assert.InRange(started, 0, 3 + StepSeconds);
    }

    private static async Task<string?> TrainAsync(LocalCluster cluster, TinyJob job) => (await cluster.TrainAsync(job.Write(cluster.Home))).GetProperty("weights_sha256").GetString();

    private static async Task<string?> EndAsync(LocalCluster cluster, string job) =>
        (await cluster.WatchUntilAsync(job, followed => followed.GetProperty("event").GetString() == "result")).GetProperty("weights_sha256").GetString();

    private static List<(DateTimeOffset Time, string? Reason)> Transitions(JsonElement job) =>
        [.. job.GetProperty("transitions").EnumerateArray().Select(transition => (transition.GetProperty("time").GetDateTimeOffset(), transition.GetProperty("reason").GetString()))];

    private static ulong Step(JsonElement job) => job.TryGetProperty("step", out var step) ? step.GetUInt64() : 0;
}
