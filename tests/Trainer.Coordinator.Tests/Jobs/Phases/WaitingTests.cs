using Trainer.Coordinator.Jobs;
using Trainer.Protos;
using Trainer.Protos.Cluster;
using Waiting = Trainer.Coordinator.Jobs.Waiting;

namespace Trainer.Coordinator.Tests.Jobs.Phases;

/// <summary>A job without workers.</summary>
public sealed class WaitingTests
{
    [Fact]
    public void A_target_of_enough_workers_begins_it()
    {
        var rig = new JobRig(Samples.Spec(min: 2));
        Assert.IsType<Waiting>(rig.Target("a").Phase);
        Assert.IsType<Starting>(rig.Target("a", "b").Phase);
        Assert.Equal((JobState.Starting, "Starting on a and b."), (rig.Row.State, rig.Row.Message));
        Assert.Equal(["a", "b"], rig.Orders<Enlist>().Keys.Order());
    }

    [Fact]
    public void Suspended_it_takes_no_workers_and_resumed_it_does()
    {
        var rig = new JobRig().Request(now => new SuspendRequested(now, ""));
        Assert.Equal((JobState.Suspended, "Suspended by the user before its first step."), (rig.Row.State, rig.Row.Message));
        Assert.Contains(rig.Actions, action => action is TellScheduler { Message: JobSettled });
        Assert.IsType<Waiting>(rig.Target("a").Phase);
        Assert.Equal(JobState.Queued, rig.Request(now => new ResumeRequested(now, "")).Row.State);
        Assert.IsType<Starting>(rig.Target("a").Phase);
    }

    [Fact]
    public void A_worker_that_stands_by_for_it_from_before_and_is_not_named_is_let_go()
    {
        var rig = new JobRig(row: Samples.Row(state: JobState.Starting)).Standby("a").Target();
        Assert.IsType<Waiting>(rig.Phase);
        Assert.Equal(["a"], rig.Orders<Release>().Keys); // It may be leaving: then it waits for that.
    }

    [Fact]
    public void Cancelled_it_ends_at_once()
    {
        var rig = new JobRig().Request(now => new CancelRequested(now, ""));
        Assert.IsType<Ended>(rig.Phase);
        Assert.Equal((JobState.Cancelled, "Cancelled by the user before it started."), (rig.Row.State, rig.Row.Message));
    }

    [Fact]
    public void Requests_that_cannot_be_are_refused_and_change_nothing()
    {
        var rig = new JobRig();
        Assert.Equal((3, "INVALID_REQUEST", "Job j-1 cannot have 5 to 4 workers: the least must be 1 or more, and not above the most."), Refused(rig.Request(now => new ScaleRequested(now, 5, 4, ""))));
        Assert.Equal((3, "INVALID_REQUEST", "Job j-1 cannot have 17 to 16 workers: the least must be 1 or more, and not above the most."), Refused(rig.Request(now => new ScaleRequested(now, 17, null, ""))));
        Assert.Equal((10, "ETAG_MISMATCH", "Job j-1 has changed: its etag is 1, the request says 9."), Refused(rig.Request(now => new ScaleRequested(now, 1, 4, "9"))));
        Assert.Equal((9, "JOB_NOT_SUSPENDED", "Job j-1 is not suspended: QUEUED."), Refused(rig.Request(now => new ResumeRequested(now, ""))));
        Assert.Equal((1u, 16u, 1ul), (rig.Row.MinWorkers, rig.Row.MaxWorkers, (ulong)rig.Row.Version));

        rig.Request(now => new ScaleRequested(now, null, 4, "1"));
        Assert.Equal((1u, 4u, 2ul), (rig.Row.MinWorkers, rig.Row.MaxWorkers, (ulong)rig.Row.Version));
    }

    private static (int, string, string) Refused(JobRig rig)
    {
        var refusal = Assert.Single(rig.Actions.OfType<Refuse>()).Refusal;
        return (refusal.Status, refusal.Reason, refusal.Message);
    }
}
