using Trainer.Cli.Follow;
using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Follow;

public sealed class JobEventsTests
{
    [Fact]
    public void The_first_snapshot_tells_all_that_happened_before() =>
        Assert.Equal(["StateChanged", "EpochClosed 1", "EpochClosed 2", "Progressed"], Names(null, SampleJobs.Running(2, 15)));

    [Fact]
    public void Only_what_is_new_is_told()
    {
        Assert.Equal([], Names(SampleJobs.Running(1, 9), SampleJobs.Running(1, 9)));
        Assert.Equal(["Progressed"], Names(SampleJobs.Running(1, 9), SampleJobs.Running(1, 10)));
        Assert.Equal(["EpochClosed 2", "EpochClosed 3", "Progressed"], Names(SampleJobs.Running(1, 9), SampleJobs.Running(3, 21)));
    }

    [Fact]
    public void The_end_comes_last_and_is_not_also_a_change_of_state() =>
        Assert.Equal(["EpochClosed 3", "Progressed", "Ended"], Names(SampleJobs.Running(2, 20), SampleJobs.Succeeded));

    private static IEnumerable<string> Names(Job? before, Job now) =>
        JobEvents.Between(before, now).Select(happened => happened is EpochClosed closed ? $"EpochClosed {closed.Epoch.Epoch}" : happened.GetType().Name);
}
