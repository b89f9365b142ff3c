using Trainer.Coordinator.Jobs;
using Trainer.Protos;
using Trainer.Protos.Cluster;
using Waiting = Trainer.Coordinator.Jobs.Waiting;

namespace Trainer.Coordinator.Tests.Jobs.Phases;

/// <summary>Workers load, until enough are ready for a generation.</summary>
public sealed class StartingTests
{
    [Fact]
    public void All_ready_start_and_the_generation_is_stored_before_it_is_said()
    {
        var rig = new JobRig().Target("a", "b").Standby("a");
        Assert.IsType<Starting>(rig.Phase);
        rig.Standby("b");
        var (stored, said) = (Index(rig, action => action is SaveRow { Row.Generation.Number: 1 }), Index(rig, action => action is Order { Message: Start }));
        Assert.InRange(stored, 0, said - 1);
        Assert.Equal((1ul, 0u, 1u), (rig.Orders<Start>()["a"].FromItem, rig.Orders<Start>()["a"].Rank, rig.Orders<Start>()["b"].Rank));
    }

    [Fact]
    public void Who_is_late_is_not_awaited_for_long_where_enough_are_ready()
    {
        var rig = new JobRig().Target("a", "b").Standby("a");
        Assert.IsType<Starting>(rig.Pass(1.5, "a").Phase);
        Assert.IsType<Running>(rig.Pass(1, "a").Phase);
        Assert.Equal("a", Assert.Single(rig.Row.Assignment!.Members).Worker);
    }

    [Fact]
    public void An_order_is_said_again_until_it_is_obeyed()
    {
        var rig = new JobRig().Target("a");
        Assert.NotEmpty(rig.Pass(0.5).Orders<Enlist>());
        rig.Alive("a", WorkerPhase.Loading);
        Assert.Empty(rig.Pass(2, "a").Orders<Enlist>());
    }

    [Fact]
    public void Who_loaded_and_says_nothing_any_more_is_enlisted_again()
    {
        var rig = new JobRig().Target("a").Alive("a", WorkerPhase.Loading);
        Assert.Empty(rig.Pass(2.5).Orders<Enlist>());
        Assert.NotEmpty(rig.Pass(1).Orders<Enlist>()); // A Release that came late may have freed it.
    }

    [Fact]
    public void Too_few_are_released_and_the_job_waits()
    {
        var rig = new JobRig(Samples.Spec(min: 2)).Target("a", "b").Standby("a").Target("a");
        Assert.IsType<Waiting>(rig.Phase);
        Assert.Equal((JobState.Queued, "a"), (rig.Row.State, Assert.Single(rig.Orders<Release>()).Key));

        // What the other has is not known before it says something.
        Assert.Equal("b", Assert.Single(rig.Alive("b", WorkerPhase.Loading).Orders<Release>()).Key);
    }

    [Fact]
    public void Data_that_two_workers_cannot_use_fails_the_job_and_a_broken_disk_only_its_worker()
    {
        var rig = new JobRig().Target("a", "b", "c").Fail("a", Failure.Types.Kind.Io, "disk").Fail("b", Failure.Types.Kind.Data, "no such file");
        Assert.Equal(JobState.Starting, rig.Row.State);
        Assert.Equal(["a", "b"], rig.Row.Evictions.Select(eviction => eviction.Worker));
        rig.Fail("c", Failure.Types.Kind.Data, "no such file");
        Assert.Equal((JobState.Failed, "The job's data or model cannot be used: no such file"), (rig.Row.State, rig.Row.Message));
    }

    [Fact]
    public void Data_that_one_worker_cannot_use_does_not_stop_those_who_can()
    {
        var rig = new JobRig().Target("a", "b").Alive("b", WorkerPhase.Loading).Fail("a", Failure.Types.Kind.Data, "no such file").Pass(1.9).Standby("b").Pass(2);
        Assert.Equal((JobState.Starting, "a"), (rig.Row.State, Assert.Single(rig.Row.Evictions).Worker));
        Assert.IsType<Running>(rig.Phase);
    }

    [Fact]
    public void Where_nobody_else_is_there_to_try_the_data_the_one_is_believed_after_a_moment()
    {
        var rig = new JobRig().Target("a").Fail("a", Failure.Types.Kind.Data, "no such file").Target().Pass(1);
        Assert.Equal(JobState.Queued, rig.Row.State);
        rig.Pass(1.5);
        Assert.Equal((JobState.Failed, "The job's data or model cannot be used: no such file"), (rig.Row.State, rig.Row.Message));
    }

    [Fact]
    public void Who_has_not_said_what_it_knows_is_asked_before_all_begin_with_less()
    {
        var rig = new JobRig().Target("a", "b").Standby("a").Report("b", new WorkerReport { LinkLost = new LinkLost { Peer = "x" } }, new Generation { Term = 1 });
        Assert.IsType<Fencing>(rig.Phase);
        Assert.Contains("b", rig.Orders<Fence>().Keys);
    }

    [Fact]
    public void Who_holds_a_later_state_makes_it_fence_and_who_only_knows_of_one_does_not()
    {
        Assert.IsType<Fencing>(Returned(5).Phase);
        Assert.IsType<Starting>(Returned().Phase);
    }

    private static JobRig Returned(params ulong[] held) => new JobRig().Target("a", "b").Report(
        "b", new WorkerReport { Fenced = new Fenced { Committed = 5, Held = { held.Select(JobRig.State) } } }, new Generation { Term = 1 });

    private static int Index(JobRig rig, Func<JobAction, bool> isIt) => rig.Actions.ToList().FindIndex(action => isIt(action));
}
