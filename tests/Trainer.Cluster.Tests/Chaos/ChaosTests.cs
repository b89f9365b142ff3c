using Trainer.Cluster.Tests.Jobs;
using Trainer.Node.Training;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>Faults strike a job; it ends with the weights of an undisturbed one, and every sample counts once. tests/chaos does more of it.</summary>
[Collection("processes")]
public sealed class ChaosTests(ChaosTests.TwoWorkers cluster) : IClassFixture<ChaosTests.TwoWorkers>
{
    [Fact]
    public async Task Workers_that_die_at_moments_of_their_work_change_nothing()
    {
        Moment[] moments = [Moment.Backward, Moment.Apply, Moment.Commit, Moment.Evaluation, Moment.Checkpoint];
        var report = await cluster.Session.RunArmedAsync(moments.Index().Select(moment => new Fault(
            FaultKind.DieAt, AfterSteps: 0, Victim: 0, Seconds: 0, moment.Item, Count: moment.Item is Moment.Checkpoint ? 1 : 2 + (3 * moment.Index), LeadsRanks: moment.Item is Moment.Apply or Moment.Commit)));
        AssertNothingChanged(report);
        Assert.Equal(moments, report.Faults.Select(struck => struck.Fault.Moment).Order());
    }

    [Fact]
    [Trait("Category", "Long")]
    public Task Processes_that_are_killed_stopped_and_sent_away_at_random_steps_change_nothing() => RunAsync(new FaultSchedule(
        seed: 5, [FaultKind.Kill, FaultKind.Stop, FaultKind.Slow, FaultKind.Terminate, FaultKind.Coordinator, FaultKind.All], mostStepsBetween: 60).Faults());

    private async Task RunAsync(IEnumerable<Fault> faults)
    {
        var report = await cluster.Session.RunAsync(faults, awaitsMoments: false);
        AssertNothingChanged(report);
        Assert.SkipWhen(report.Faults.Count == 0, "The job ended before any fault struck: processes start too slowly here.");
    }

    private void AssertNothingChanged(ChaosReport report) =>
        Assert.True(report.Problems.Count == 0, $"{string.Join("; ", report.Problems)}\n{cluster.Session.Logs}");

    public sealed class TwoWorkers : IAsyncLifetime
    {
        private static readonly TinyJob Job = TinyJob.Everything(1) with { Epochs = 120, MaxWorkers = 8, CheckpointSeconds = 1 };

        internal ChaosSession Session { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Session = await ChaosSession.BeginAsync(workers: 2, Job.Write, line => TestContext.Current.TestOutputHelper?.WriteLine(line));

        public ValueTask DisposeAsync() => Session.DisposeAsync();
    }
}
