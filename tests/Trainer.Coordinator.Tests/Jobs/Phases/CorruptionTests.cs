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
        var entry = Assert.Single(rig.Actions.OfType<StoreQuarantine>()).Entry;
        Assert.Equal(
            ("machine of w1", "cpu", "w1", "j-1", "The state after step 1 has changed in memory"), (entry.Machine, entry.Device, entry.Worker, entry.Job, entry.Reason));
        Assert.Equal(("Corruption", "w1: The state after step 1 has changed in memory", "w1"), (rig.Row.Journal[^1].Reason, rig.Row.Journal[^1].Detail, Assert.Single(rig.Row.Journal[^1].Lost)));
        rig.Started("w0");
        Assert.Equal("Worker w1 is in quarantine (The state after step 1 has changed in memory); going on with w0 from step 2.", rig.Row.Message);
    }

    [Fact]
    public void Whose_state_differs_from_that_of_most_is_in_quarantine()
    {
        var rig = new JobRig().Train("w0", "w1", "w2");
        rig.Report("w0", new WorkerReport { Disagreement = new Disagreement { Item = 2, Hashes = { ["w0"] = 4, ["w1"] = 5, ["w2"] = 4 } } });
        rig.Fenced("w0", 1).Fenced("w1", 1).Fenced("w2", 1);
        Assert.Equal(["w0", "w2"], rig.Row.Assignment!.Members.Select(member => member.Worker));
        Assert.Equal("machine of w1", Assert.Single(rig.Actions.OfType<StoreQuarantine>()).Entry.Machine);
    }

    [Fact]
    public void The_last_holder_goes_on_though_its_gradient_changed_and_is_in_quarantine()
    {
        var rig = new JobRig().Train("w0").Fail("w0", Kind.Corruption, "The gradient of chunk 0 has changed in memory", item: 2).Fenced("w0", 1);
        Assert.Equal("w0", Assert.Single(rig.Row.Assignment!.Members).Worker);
        Assert.Empty(rig.Row.Evictions);
        Assert.Equal("machine of w0", Assert.Single(rig.Actions.OfType<StoreQuarantine>()).Entry.Machine);
    }

    [Fact]
    public void Where_the_only_state_has_changed_it_goes_on_at_once_without_the_worker_from_what_is_on_disk()
    {
        var rig = new JobRig().Train("w0").Fail("w0", Kind.Corruption, "The state after step 1 has changed in memory", item: 2);
        rig.Report("w0", new WorkerReport { Fenced = new Fenced { Committed = 1 } });
        Assert.Equal("machine of w0", Assert.Single(rig.Actions.OfType<StoreQuarantine>()).Entry.Machine);
        Assert.IsType<Starting>(rig.Phase);
        Assert.Equal((JobState.Recovering, 0UL), (rig.Row.State, rig.Row.Committed.Item));
        Assert.Equal("w0", Assert.Single(rig.Row.Evictions).Worker);
        Assert.Empty(rig.Machine.Pool);
    }
}
