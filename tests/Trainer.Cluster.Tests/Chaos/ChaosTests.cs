using Trainer.Cluster.Tests.Jobs;
using Trainer.Node.Training;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>Faults strike a job; it ends with the weights of an undisturbed one, and every sample counts once. tests/chaos does more of it.</summary>
[Collection("processes")]
public sealed class ChaosTests(ChaosTests.TwoWorkers cluster) : IClassFixture<ChaosTests.TwoWorkers>
{
    [Fact]
    public Task Workers_that_die_at_moments_of_their_work_change_nothing() => RunAsync(
        from moment in (Moment[])[Moment.Backward, Moment.Apply, Moment.Commit, Moment.Evaluation, Moment.Checkpoint]
        select new Fault(FaultKind.DieAt, AfterSteps: 0, Victim: 0, Seconds: 0, moment, Count: 1, LeadsRanks: moment is Moment.Apply or Moment.Commit));

    [Fact]
    public Task Processes_that_are_killed_stopped_and_sent_away_at_random_steps_change_nothing() => RunAsync(new FaultSchedule(
        seed: 5, [FaultKind.Kill, FaultKind.Stop, FaultKind.Slow, FaultKind.Terminate, FaultKind.Coordinator, FaultKind.All], mostStepsBetween: 60).Faults());

    private async Task RunAsync(IEnumerable<Fault> faults)
    {
        var report = await cluster.Session.RunAsync(faults, awaitsMoments: false);
        Assert.True(report.Problems.Count == 0, $"{string.Join("; ", report.Problems)}\n{cluster.Session.Logs}");
        Assert.SkipWhen(report.Faults.Count == 0, "The job ended before any fault struck: processes start too slowly here.");
    }

    public sealed class TwoWorkers : IAsyncLifetime
    {
        // The job must last until workers that are started during it have joined it, which takes them about ten seconds.
        private static readonly TinyJob Job = TinyJob.Everything(1) with { Epochs = 450, MaxWorkers = 8, CheckpointSeconds = 1 };

        internal ChaosSession Session { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Session = await ChaosSession.BeginAsync(workers: 2, Job.Write, line => TestContext.Current.TestOutputHelper?.WriteLine(line));

        public ValueTask DisposeAsync() => Session.DisposeAsync();
    }
}
