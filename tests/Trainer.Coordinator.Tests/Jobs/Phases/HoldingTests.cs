using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Phases;

/// <summary>All members are to stop after one item.</summary>
public sealed class HoldingTests
{
    [Fact]
    public void Who_leaves_is_released_once_the_others_have_committed_an_item()
    {
        var rig = new JobRig().Train("a", "b").Target("a");
        Assert.Equal((HoldReason.Change, 2), (Assert.IsType<Holding>(rig.Phase).Why, rig.Orders<Hold>().Count));
        rig.Held(5, "a");
        Assert.Empty(rig.Orders<Start>());
        rig.Held(5, "b");
        Assert.Equal(["a"], rig.Orders<Start>().Keys);
        rig.Started("a").Pass(1, "a", "b");
        Assert.Empty(rig.Orders<Release>());
        Assert.Equal(["b"], rig.Commit(6).Orders<Release>().Keys);
    }

    [Fact]
    public void A_loss_meanwhile_is_one() =>
        Assert.IsType<Fencing>(new JobRig().Train("a", "b").Target("a").Report("a", new WorkerReport { LinkLost = new LinkLost { Peer = "b" } }).Phase);

    [Fact]
    public void States_that_differ_are_a_loss()
    {
        var rig = new JobRig().Train("a", "b").Target("a").Held(5, "a").Held(6, "b");
        Assert.StartsWith("The workers' states differ: ", Assert.IsType<Fencing>(rig.Phase).Cause);
    }

    [Fact]
    public void Suspended_is_stored_after_a_checkpoint_and_before_anybody_is_released()
    {
        var rig = new JobRig().Train("a", "b").Request(now => new SuspendRequested(now, "")).Held(5, "a", "b");
        var (writer, save) = Assert.Single(rig.Orders<Save>());
        Assert.Empty(rig.Orders<Release>());
        rig.Report(writer, Saved(save, 5));
        Assert.Equal((JobState.Suspended, 5ul), (rig.Row.State, Assert.Single(rig.Row.Checkpoints).State.Item));
        Assert.Equal(2, rig.Orders<Release>().Count);
        var actions = rig.Actions.ToList();
        Assert.InRange(actions.FindIndex(action => action is SaveRow), 0, actions.FindIndex(action => action is Order { Message: Release }) - 1);
    }

    [Fact]
    public void Who_has_trained_for_as_long_as_it_may_stops_at_a_checkpoint()
    {
        var spec = Samples.Spec();
        spec.Cluster.MaxDurationSeconds = 10;
        var rig = new JobRig(spec).Train("a", "b").Pass(6, "a", "b").Request(now => new SuspendRequested(now, "")).Held(5, "a", "b");
        var (writer, save) = Assert.Single(rig.Orders<Save>());
        rig.Report(writer, Saved(save, 5)).Pass(60).Request(now => new ResumeRequested(now, "")).Target("a", "b").Standby("a", "b").Started("a", "b").Commit(6);
        Assert.IsType<Running>(rig.Pass(3, "a", "b").Phase); // Suspended, it does not age.
        Assert.Equal(HoldReason.OutOfTime, Assert.IsType<Holding>(rig.Pass(2, "a", "b").Phase).Why);
        rig.Held(9, "a", "b");
        (writer, save) = Assert.Single(rig.Orders<Save>());
        rig.Report(writer, Saved(save, 9));
        Assert.Equal((JobState.Failed, "MaxDuration"), (rig.Row.State, rig.Row.Transitions[^1].Reason));
        Assert.Equal("It has trained for 10 s, which is its cluster.max_duration_seconds: it stopped at step 8, with a checkpoint there.", rig.Row.Message);
        Assert.Equal((9ul, 2), (rig.Row.Checkpoints[^1].State.Item, rig.Orders<Release>().Count));
    }

    [Fact]
    public void Out_of_time_and_no_checkpoint_can_be_written_it_goes_on_and_tries_again()
    {
        var spec = Samples.Spec();
        spec.Cluster.MaxDurationSeconds = 10;
        var rig = new JobRig(spec).Train("a").Pass(11, "a").Held(5, "a");
        rig.Report("a", new WorkerReport { SaveFailed = new SaveFailed { Id = Assert.Single(rig.Orders<Save>()).Value.Id, Message = "disk full" } });
        Assert.IsType<Running>(rig.Started("a").Commit(6).Pass(50, "a").Phase);
        Assert.Equal(HoldReason.OutOfTime, Assert.IsType<Holding>(rig.Pass(11, "a").Phase).Why);
    }

    [Fact]
    public void Where_nobody_can_write_nobody_lets_go()
    {
        var rig = new JobRig().Train("a", "b").Request(now => new SuspendRequested(now, "")).Held(5, "a", "b");
        for (var tries = 0; tries < 2; tries++)
        {
            var (writer, save) = Assert.Single(rig.Orders<Save>());
            rig.Report(writer, new WorkerReport { SaveFailed = new SaveFailed { Id = save.Id, Message = "disk full" } });
        }

        Assert.Empty(rig.Orders<Release>());
        Assert.Equal((Desired(rig), 2), ("Run", rig.Orders<Start>().Count));
        Assert.Contains(rig.Row.Transitions, transition => transition.Reason == "NotSuspended" && transition.Message == "No checkpoint could be written: disk full The job goes on.");
    }

    [Fact]
    public void The_user_may_change_his_mind()
    {
        var rig = new JobRig().Train("a").Request(now => new SuspendRequested(now, "")).Request(now => new ResumeRequested(now, "")).Held(5, "a");
        Assert.Equal(6ul, rig.Orders<Start>()["a"].FromItem);
    }

    [Fact]
    public void Who_makes_room_for_a_higher_job_goes_on_with_the_others_and_says_why()
    {
        var rig = new JobRig().Train("a", "b").Preempt("a").Held(5, "a", "b");
        Assert.Equal(["a"], rig.Orders<Start>().Keys);
        Assert.Equal(Preemption.Shrunk, Assert.Single(rig.Actions.OfType<CountPreemption>()).What);
        Assert.Equal("b left for job j-2, of priority 7", rig.Row.Journal[^1].Detail);
    }

    [Fact]
    public void A_preempted_job_waits_with_a_checkpoint_and_goes_on_by_itself_also_under_another_entity()
    {
        var rig = new JobRig().Train("a", "b").Preempt().Held(5, "a", "b");
        var (writer, save) = Assert.Single(rig.Orders<Save>());
        rig.Report(writer, Saved(save, 5));
        Assert.Equal(Preemption.Suspended, Assert.Single(rig.Actions.OfType<CountPreemption>()).What);
        Assert.Equal((JobState.Queued, TransitionReasons.Preempted, "Run"), (rig.Row.State, rig.Row.Transitions[^1].Reason, Desired(rig)));
        Assert.Equal("It made room for job j-2, of priority 7: it stopped at step 5, and goes on by itself.", rig.Row.Message);
        Assert.Equal(2, rig.Orders<Release>().Count);

        var next = new JobRig(row: rig.Row with { Term = 2 }).Target("c").Standby("c");
        Assert.Equal((6ul, save.Id), (next.Orders<Start>()["c"].FromItem, next.Orders<Start>()["c"].Checkpoint.Id));
    }

    [Fact]
    public void Whom_a_user_suspends_while_a_higher_job_takes_its_workers_is_the_users()
    {
        var rig = new JobRig().Train("a").Preempt().Request(now => new SuspendRequested(now, "")).Held(5, "a");
        rig.Report("a", Saved(Assert.Single(rig.Orders<Save>()).Value, 5));
        Assert.Equal((JobState.Suspended, "Suspended"), (rig.Row.State, rig.Row.Transitions[^1].Reason));
        Assert.Empty(rig.Actions.OfType<CountPreemption>());
    }

    internal static WorkerReport Saved(Save save, ulong item) => new()
    {
        Saved = new Saved { Id = save.Id, State = JobRig.State(item), Checkpoint = new Checkpoint { Id = save.Id, State = JobRig.State(item), Folder = save.Folder } },
    };

    private static string Desired(JobRig rig) => rig.Row.Desired.ToString();
}
