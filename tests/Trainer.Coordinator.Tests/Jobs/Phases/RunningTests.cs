using Trainer.Coordinator.Jobs;
using Trainer.Hosting.Metrics;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Phases;

/// <summary>A generation enters and trains.</summary>
public sealed class RunningTests
{
    [Fact]
    public void It_is_running_once_all_have_entered()
    {
        var rig = new JobRig().Target("a", "b").Standby("a", "b").Started("a");
        Assert.Equal(JobState.Starting, rig.Row.State);
        Assert.Equal((JobState.Running, "Training on a and b."), (rig.Started("b").Row.State, rig.Row.Message));
    }

    [Fact]
    public void A_member_that_does_not_enter_within_a_minute_is_left_out()
    {
        var rig = new JobRig().Target("a", "b").Standby("a", "b").Started("a").Alive("b", WorkerPhase.Entering);
        Assert.IsType<Fencing>(rig.Pass(61, "a", "b").Phase);
        rig.Fenced("a", 0).Fenced("b", 0);
        Assert.Equal("b", Assert.Single(rig.Row.Evictions).Worker);
    }

    [Fact]
    public void A_link_that_closes_fences_all()
    {
        var rig = new JobRig().Train("a", "b").Report("a", new WorkerReport { LinkLost = new LinkLost { Peer = "b", Message = "reset", Opened = true, Step = 2 } });
        Assert.Equal((JobState.Recovering, "Worker a lost its link to b at step 2: reset"), (rig.Row.State, rig.Row.Message));
        Assert.Equal(["a", "b"], rig.Orders<Fence>().Keys.Order());
    }

    [Fact]
    public void Three_seconds_without_a_word_are_a_loss_unless_items_are_committed()
    {
        Assert.IsType<Running>(new JobRig().Train("a", "b").Pass(2.5, "a").Phase);
        Assert.IsType<Fencing>(new JobRig().Train("a", "b").Pass(3.2, "a").Phase);
        Assert.IsType<Running>(new JobRig().Train("a", "b").Pass(2, "a").Commit(2).Pass(2, "a").Phase); // b took part in it.
    }

    [Fact]
    public void A_closed_connection_is_asked_for_a_second()
    {
        var rig = new JobRig().Train("a", "b").Disconnect("b").Pass(0.5, "a");
        Assert.Contains("b", rig.Orders<Query>().Keys);
        Assert.IsType<Running>(rig.Alive("b", WorkerPhase.Training).Pass(2, "a", "b").Phase);
        Assert.IsType<Fencing>(rig.Disconnect("b").Pass(1.1, "a").Phase);
    }

    [Fact]
    public void A_later_life_and_a_worker_that_serves_another_job_are_losses()
    {
        Assert.IsType<Fencing>(new JobRig().Train("a", "b").Report("b", new WorkerReport { Alive = new Alive { Phase = "loading" } }, new Generation(), "2-b").Phase);
        Assert.IsType<Running>(new JobRig().Train("a", "b").Report("b", new WorkerReport { Alive = new Alive { Phase = "loading" } }, new Generation(), "0-b").Phase); // Of a life that is over.
        Assert.IsType<Fencing>(new JobRig().Train("a", "b").Report("b", new WorkerReport { Busy = new Busy { Job = "j-2" } }).Phase);
    }

    [Fact]
    public void Room_for_checkpoints_is_told_and_what_is_short_is_in_the_jobs_message_until_one_is_written()
    {
        var rig = new JobRig().Train("a", "b");
        rig.Report("a", new WorkerReport { Room = new Room { CheckpointBytes = 300 << 20, FreeBytes = 2UL << 30 } });
        Assert.Equal("A checkpoint takes 300 MiB; 2048 MiB are free in /artifacts/j-1.", Assert.Single(rig.Actions.OfType<WriteLog>()).Message);
        Assert.Equal("Training on a and b.", rig.Row.Message);
        rig.Report("a", new WorkerReport { Room = new Room { CheckpointBytes = 300 << 20, FreeBytes = 100 << 20 } });
        const string room = "Training on a and b. A checkpoint takes 300 MiB; 100 MiB are free in /artifacts/j-1. The newest 2, the best and the result take 1200 MiB: make room.";
        Assert.Equal((JobState.Running, room), (rig.Row.State, rig.Row.Message));

        var (writer, save) = Assert.Single(rig.Pass(61, "a", "b").Orders<Save>());
        rig.Report(writer, new WorkerReport { SaveFailed = new SaveFailed { Id = save.Id, Message = "No space left on device" } });
        Assert.Equal($"Training on a and b. No checkpoint could be written yet: {writer}: No space left on device. Training goes on, and it is tried again.", rig.Row.Message);
        Assert.Equal(ArtifactFailure.Checkpoint, Assert.Single(rig.Actions.OfType<CountFailure>()).Failure);
        Assert.Empty(rig.Pass(9, "a", "b").Orders<Save>());
        (writer, save) = Assert.Single(rig.Pass(2, "a", "b").Orders<Save>());
        rig.Report(writer, HoldingTests.Saved(save, 1));
        Assert.Equal("Training on a and b.", rig.Row.Message);

        rig.Commit(7);
        (writer, _) = Assert.Single(rig.Pass(61, "a", "b").Orders<Save>());
        rig.Pass(121, "a", "b");
        Assert.StartsWith($"Training on a and b. No checkpoint could be written since that of step 1: {writer}: nothing was written within 120 s, the store is slow or hangs.", rig.Row.Message);
    }

    [Fact]
    public void What_comes_late_leads_nobody_back()
    {
        var rig = new JobRig().Train("a", "b").Finished(9, "a");
        rig.Started("a").Commit(8);
        Assert.Equal((WorkerPhase.Finished, 9ul), (rig.Machine.Pool["a"].Phase, rig.Row.Committed.Item));
    }

    [Fact]
    public void What_says_nothing_of_a_phase_tells_that_the_generation_is_entered_and_no_more()
    {
        var rig = new JobRig().Train("a", "b").Held(5, "a", "b");
        rig.Report("a", new WorkerReport { Saved = new Saved { Id = "of before" } });
        Assert.Equal(WorkerPhase.Entering, rig.Machine.Pool["a"].Phase);
    }

    [Fact]
    public void Members_that_a_former_entity_told_to_hold_go_on()
    {
        var rig = new JobRig().Train("a", "b").Held(5, "a", "b");
        Assert.Equal((2ul, 6ul), (rig.Row.Generation.Number, rig.Orders<Start>()["b"].FromItem));
        Assert.StartsWith("The workers had been told to stop; training on a and b from step 6.", Assert.IsType<Running>(rig.Phase).Message);
    }

    [Fact]
    public void Suspended_while_it_enters_it_lets_nobody_go_before_all_hold()
    {
        var rig = new JobRig().Target("a").Standby("a").Request(now => new SuspendRequested(now, ""));
        Assert.Equal((JobState.Suspending, 0), (rig.Row.State, rig.Orders<Release>().Count));
        rig.Started("a").Held(1, "a");
        Assert.Equal((1ul, 0), (rig.Row.Committed.Item, rig.Orders<Release>().Count));
    }

    [Fact]
    public void A_step_that_is_not_finite_is_tried_once_more()
    {
        var rig = new JobRig().Train("a").Fail("a", Failure.Types.Kind.NotFinite, "loss is NaN", item: 2).Fenced("a", 1);
        Assert.IsType<Running>(rig.Phase);
        rig.Started("a").Fail("a", Failure.Types.Kind.NotFinite, "loss is NaN", item: 2);
        Assert.Equal((JobState.Failed, "Training diverged at step 2: loss is NaN"), (rig.Row.State, rig.Row.Message));
    }
}
