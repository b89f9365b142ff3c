using Trainer.Coordinator.Jobs;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Phases;

/// <summary>All have applied the last item.</summary>
public sealed class EndingTests
{
    [Fact]
    public void One_writes_the_result_and_all_are_released_once_the_end_is_stored()
    {
        var rig = AtTheEnd("a", "b");
        var (writer, save) = Assert.Single(rig.Orders<Save>());
        Assert.Equal(Save.Types.Kind.Result, save.Kind);
        rig.Report(writer, Written(save)).Report(writer, Epoch());
        Assert.Equal((JobState.Succeeded, "sum", 0.5), (rig.Row.State, rig.Row.Result!.WeightsSha256, rig.Row.Result.TestAccuracy));
        Assert.Equal(2, rig.Orders<Release>().Count);
        var actions = rig.Actions.ToList();
        Assert.InRange(actions.FindIndex(action => action is SaveRow { Row.State: JobState.Succeeded }), 0, actions.FindIndex(action => action is Order { Message: Release }) - 1);
    }

    [Fact]
    public void Where_one_cannot_write_another_does_and_all_are_asked_again_after_a_while()
    {
        var rig = AtTheEnd("a", "b");
        var asked = new List<string>();
        for (var tries = 0; tries < 2; tries++)
        {
            var (writer, save) = Assert.Single(rig.Orders<Save>());
            asked.Add(writer);
            rig.Report(writer, new WorkerReport { SaveFailed = new SaveFailed { Id = save.Id, Message = "disk full" } });
        }

        Assert.Equal(["a", "b"], asked.Order());
        Assert.Equal("The result could not be written: disk full It is tried again.", rig.Row.Message);
        Assert.Empty(rig.Pass(8, "a", "b").Orders<Save>());
        Assert.NotEmpty(rig.Pass(3, "a", "b").Orders<Save>());
    }

    [Fact]
    public void A_store_that_hangs_is_said_to_and_another_writes_after_two_minutes()
    {
        var rig = AtTheEnd("a", "b");
        var first = Assert.Single(rig.Orders<Save>()).Key;
        rig.Pass(16, "a", "b");
        Assert.Equal($"Worker {first} has been writing the result for more than 15 s: the store is slow, or hangs. Nothing is lost.", rig.Row.Message);
        Assert.Contains(first == "a" ? "b" : "a", rig.Pass(105, "a", "b").Orders<Save>().Keys);
        rig.Report(first, new WorkerReport { Saved = new Saved { Id = "late", State = JobRig.State(9), WeightsPath = "/w", WeightsSha256 = "sum" } }).Report(first, Epoch());
        Assert.Equal(JobState.Succeeded, rig.Row.State); // Whoever is done first.
    }

    [Fact]
    public void Whose_link_closed_before_it_heard_that_the_last_item_is_committed_holds_nobody_up()
    {
        var rig = new JobRig(Samples.Spec(epochs: 1)).Train("a", "b", "c").Finished(9, "a");
        rig.Report("b", new WorkerReport { LinkLost = new LinkLost { Peer = "a", Opened = true } });
        Assert.IsType<Running>(rig.Phase);
        Assert.Equal(9ul, Assert.IsType<Ending>(rig.Finished(9, "c").Phase).State.Item);
        Assert.Contains(Assert.Single(rig.Orders<Save>()).Key, new[] { "a", "c" });
    }

    [Fact]
    public void What_it_lacks_of_the_epochs_it_asks_for()
    {
        var rig = AtTheEnd("a");
        var (writer, save) = Assert.Single(rig.Orders<Save>());
        rig.Report(writer, Written(save));
        Assert.IsType<Ending>(rig.Phase);
        Assert.NotEmpty(rig.Pass(0.5, "a").Orders<Query>());
    }

    [Fact]
    public void Training_that_stopped_early_ends_with_the_epochs_that_there_are()
    {
        var spec = Samples.Spec(epochs: 7);
        spec.Training.EarlyStopping = new EarlyStopping { Metric = "test_loss", Patience = 2 };
        var rig = new JobRig(spec).Train("a").Finished(9, "a");
        rig.Report("a", Written(Assert.Single(rig.Orders<Save>()).Value));
        Assert.IsType<Ending>(rig.Phase);
        rig.Report("a", Epoch());
        Assert.Equal(
            (JobState.Succeeded, "Stopped early, since test_loss has not become better for 2 evaluated epochs: trained 1 of 7 epochs on a."), (rig.Row.State, rig.Row.Message));
        Assert.Equal("StoppedEarly", rig.Row.Transitions[^1].Reason);
        Assert.Equal((8ul, 1u, 100ul), (rig.Row.Progress!.Step, rig.Row.Progress.Epoch, rig.Row.Progress.TotalSteps));
    }

    [Fact]
    public void All_die_once_the_result_is_written_and_nobody_has_told_of_the_epochs()
    {
        var rig = AtTheEnd("a");
        rig.Report("a", Written(Assert.Single(rig.Orders<Save>()).Value)).Report("a", new WorkerReport { Standby = new Standby() }, new Generation(), "2-a");
        Assert.Equal((JobState.Succeeded, "sum"), (rig.Row.State, rig.Row.Result!.WeightsSha256));
    }

    [Fact]
    public void All_die_before_and_the_state_is_looked_for()
    {
        var rig = AtTheEnd("a").Report("a", new WorkerReport { Standby = new Standby() }, new Generation(), "2-a");
        Assert.Equal(JobState.Recovering, rig.Row.State);
    }

    private static JobRig AtTheEnd(params string[] workers) => new JobRig(Samples.Spec(epochs: 1)).Train(workers).Finished(9, workers);

    private static WorkerReport Written(Save save) => new() { Saved = new Saved { Id = save.Id, State = JobRig.State(9), WeightsPath = "/w", WeightsSha256 = "sum" } };

    private static WorkerReport Epoch() => new() { Epoch = new EpochReport { Summary = Samples.Epoch(1), Item = 9 } };
}
