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
        Assert.Equal((3, "INVALID_REQUEST", "Job j-1 cannot have 5 to 4 workers: the least must be 1 or more, and not above the most."), Refused(rig.Request(now => Samples.Scale(now, 5, 4, ""))));
        Assert.Equal((3, "INVALID_REQUEST", "Job j-1 cannot have 17 to 16 workers: the least must be 1 or more, and not above the most."), Refused(rig.Request(now => Samples.Scale(now, 17, null, ""))));
        Assert.Equal((10, "ETAG_MISMATCH", "Job j-1 has changed: its etag is 1, the request says 9."), Refused(rig.Request(now => Samples.Scale(now, 1, 4, "9"))));
        Assert.Equal((9, "JOB_NOT_ENDED", "Job j-1 is QUEUED: only what has ended can be deleted. Cancel it first."), Refused(rig.Request(now => new DeleteRequested(now, ""))));
        Assert.Equal((1u, 16u, 1ul), (rig.Row.MinWorkers, rig.Row.MaxWorkers, (ulong)rig.Row.Version));

        rig.Request(now => Samples.Scale(now, null, 4, "1"));
        Assert.Equal((1u, 4u, 2ul), (rig.Row.MinWorkers, rig.Row.MaxWorkers, (ulong)rig.Row.Version));
    }

    [Fact]
    public void What_holds_already_is_granted_again_and_changes_nothing()
    {
        var rig = new JobRig();
        Assert.Single(rig.Request(now => new ResumeRequested(now, "99")).Actions.OfType<AnswerWithJob>());
        rig.Request(now => new SuspendRequested(now, "1", "ann"));
        var suspended = rig.Row;
        Assert.Equal((JobState.Suspended, "ann"), (suspended.State, suspended.Transitions[^1].AskedBy));
        Assert.Single(rig.Request(now => new SuspendRequested(now, "1")).Actions.OfType<AnswerWithJob>());
        Assert.Equal(suspended, rig.Row);
        rig.Request(now => new CancelRequested(now, "", "bob"));
        Assert.Single(rig.Request(now => new CancelRequested(now, "1")).Actions.OfType<AnswerWithJob>());
        Assert.Equal(["ann", "bob", "bob"], rig.Row.Transitions.TakeLast(3).Select(transition => transition.AskedBy));
        Assert.Equal((9, "JOB_HAS_ENDED", "Job j-1 has ended: CANCELLED."), Refused(rig.Request(now => new SuspendRequested(now, ""))));
    }

    [Fact]
    public void Labels_and_notes_change_one_by_one_or_all_at_once_after_the_end_too()
    {
        var rig = new JobRig();
        rig.Request(now => new ChangeRequested(now, new ChangeJob { Labels = { ["team"] = "vision", ["draft"] = "yes" }, Notes = "first" }));
        rig.Request(now => new ChangeRequested(now, new ChangeJob { Labels = { ["draft"] = "", ["run"] = "7" }, Priority = 5 }));
        Assert.Equal(("run=7 team=vision", "first", 5), (Labels(), rig.Row.Notes, rig.Row.ToJob().Spec.Cluster.Priority));
        Assert.Equal(5, Assert.Single(rig.Actions.OfType<TellScheduler>().Select(tell => tell.Message).OfType<JobWanted>()).Priority);
        rig.Request(now => new CancelRequested(now, ""));
        var version = rig.Row.Version;
        rig.Request(now => new ChangeRequested(now, new ChangeJob { ReplaceLabels = true, Labels = { ["a"] = "b" } }));
        Assert.Equal(("a=b", version + 1), (Labels(), rig.Row.Version));
        Assert.Equal((9, "JOB_HAS_ENDED", "Job j-1 has ended: CANCELLED."), Refused(rig.Request(now => new ChangeRequested(now, new ChangeJob { Priority = 1, Notes = "x" }))));
        Assert.Single(rig.Request(now => new DeleteRequested(now, "")).Actions.OfType<DeleteRow>());

        string Labels() => string.Join(' ', rig.Row.Labels.Select(label => $"{label.Key}={label.Value}"));
    }

    private static (int, string, string) Refused(JobRig rig)
    {
        var refusal = Assert.Single(rig.Actions.OfType<Refuse>()).Refusal;
        return (refusal.Status, refusal.Reason, refusal.Message);
    }
}
