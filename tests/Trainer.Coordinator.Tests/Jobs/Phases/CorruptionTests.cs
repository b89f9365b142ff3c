using Trainer.Coordinator.Jobs;
using Trainer.Protos;
using Trainer.Protos.Cluster;
using Kind = Trainer.Protos.Cluster.Failure.Types.Kind;

namespace Trainer.Coordinator.Tests.Jobs.Phases;

/// <summary>Somebody's memory has changed, or may have: who it was is found, and is left out.</summary>
public class CorruptionTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void After_a_corrupt_link_all_examine_their_memory(bool corrupt)
    {
        var rig = new JobRig().Train("w0", "w1");
        rig.Report("w0", new WorkerReport { LinkLost = new LinkLost { Peer = "w1", Opened = true, Corrupt = corrupt, Item = 2, Message = "other bits" } });
        rig.Fenced("w0", 1).Fenced("w1", 1);
        Assert.Equal([corrupt, corrupt], rig.Orders<Start>().Values.Select(start => start.Examine));
        Assert.Empty(rig.Row.Evictions);
    }

    [Fact]
    public void After_states_that_differ_all_examine_their_memory()
    {
        var rig = new JobRig().Train("w0", "w1");
        rig.Report("w0", new WorkerReport { Disagreement = new Disagreement { Item = 2, Hashes = { ["w0"] = 4, ["w1"] = 5 } } });
        rig.Fenced("w0", 1).Fenced("w1", 1);
        Assert.All(rig.Orders<Start>().Values, start => Assert.True(start.Examine));
    }

    [Fact]
    public void After_a_step_that_is_not_finite_all_examine_their_memory_and_nobody_does_after_that()
    {
        var rig = new JobRig().Train("w0", "w1").Fail("w0", Kind.NotFinite, item: 2).Fenced("w0", 1).Fenced("w1", 1);
        Assert.All(rig.Orders<Start>().Values, start => Assert.True(start.Examine));
        rig.Started("w0", "w1").Commit(2).Fail("w0", Kind.Io, item: 3).Fenced("w0", 2).Fenced("w1", 2);
        Assert.False(rig.Orders<Start>()["w1"].Examine);
    }

    [Fact]
    public void Who_says_that_its_memory_has_changed_is_left_out()
    {
        var rig = new JobRig().Train("w0", "w1").Fail("w1", Kind.Corruption, "The state after step 1 has changed in memory", item: 2).Fenced("w0", 1).Fenced("w1", 1);
        Assert.Equal(["w0"], rig.Row.Assignment!.Members.Select(member => member.Worker));
        Assert.Equal(("w1", "The state after step 1 has changed in memory"), (rig.Row.Evictions[0].Worker, rig.Row.Evictions[0].Reason));
    }

    [Fact]
    public void Where_the_only_state_has_changed_it_goes_on_at_once_without_the_worker_from_what_is_on_disk()
    {
        var rig = new JobRig().Train("w0").Fail("w0", Kind.Corruption, "The state after step 1 has changed in memory", item: 2);
        rig.Report("w0", new WorkerReport { Fenced = new Fenced { Committed = 1 } });
        Assert.IsType<Starting>(rig.Phase);
        Assert.Equal((JobState.Recovering, 0UL), (rig.Row.State, rig.Row.Committed.Item));
        Assert.Equal("w0", Assert.Single(rig.Row.Evictions).Worker);
        Assert.Empty(rig.Machine.Pool);
    }
}
