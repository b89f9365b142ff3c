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

    [Fact]
    public void Evaluations_within_epochs_are_told_once_and_before_the_end_of_theirs()
    {
        var open = Evaluated(SampleJobs.Running(1, 9), last: 8);
        Assert.Equal(["Evaluated 8", "Progressed"], Names(SampleJobs.Running(1, 9), open));
        Assert.Equal([], Names(open, open));
        var closed = Evaluated(SampleJobs.Running(2, 15), last: 14, 8, 10);
        Assert.Equal(["Evaluated 10", "EpochClosed 2", "Evaluated 14", "Progressed"], Names(open, closed));
        Assert.Equal(["EpochClosed 2", "Progressed"], Names(open, Evaluated(SampleJobs.Running(2, 15), last: 8, 8)));
    }

    private static Job Evaluated(Job job, ulong last, params ulong[] closed)
    {
        job.Epochs[^1].Evaluations.AddRange(closed.Select(step => new StepEvaluation { Step = step }));
        job.Progress.Evaluation = new StepEvaluation { Step = last };
        return job;
    }

    private static IEnumerable<string> Names(Job? before, Job now) =>
        JobEvents.Between(before, now).Select(happened => happened switch
        {
            EpochClosed closed => $"EpochClosed {closed.Epoch.Epoch}",
            Evaluated evaluated => $"Evaluated {evaluated.Evaluation.Step}",
            _ => happened.GetType().Name,
        });
}
