using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Steps;

namespace Trainer.Hosting.Tests.Steps;

public sealed class StepSummariesTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-summaries-").FullName;

    private FolderStore Artifacts => new(_folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_is_missed_is_made_behind_whoever_missed_it()
    {
        new StepWriter(Artifacts, 1, 1).Append([new StepRecord(7, 1, new DateTime(2026, 1, 31, 12, 0, 0, DateTimeKind.Utc), 0.5, 0.25, 0.1, null, 1000, new StepPhases(1, 1, 1, 1, 1))]);
        using var summaries = new StepSummaries();
        summaries.Want(Artifacts, "steps/1.1.csv");
        summaries.Want(Artifacts, "steps/1.1.csv");
        Assert.True(SpinWait.SpinUntil(() => summaries.Waiting == 0, Patience));
        Assert.NotNull(Artifacts.Find("steps/1.1.extremes"));
    }

    [Fact]
    public void Behind_one_that_came_to_nothing_none_is_made_for_a_minute()
    {
        var clock = new SteppedClock();
        using var summaries = new StepSummaries(clock);
        summaries.Want(Artifacts, "steps/1.1.csv");
        Assert.True(SpinWait.SpinUntil(() => summaries.Waiting == 0, Patience));
        new StepWriter(Artifacts, 1, 2).Append([new StepRecord(7, 1, new DateTime(2026, 1, 31, 12, 0, 0, DateTimeKind.Utc), 0.5, 0.25, 0.1, null, 1000, new StepPhases(1, 1, 1, 1, 1))]);
        clock.Now += 59;
        summaries.Want(Artifacts, "steps/1.2.csv");
        Assert.Equal(0, summaries.Waiting);
        clock.Now += 2;
        summaries.Want(Artifacts, "steps/1.2.csv");
        Assert.True(SpinWait.SpinUntil(() => summaries.Waiting == 0, Patience));
        Assert.NotNull(Artifacts.Find("steps/1.2.extremes"));
    }

    private sealed class SteppedClock : TimeProvider
    {
        public long Now { get; set; } = 1;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Now;
    }
}
