using Trainer.Coordinator.Jobs;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Phases;

/// <summary>Shares follow what the members measure: by a planned change, not too often, and only for what is worth it.</summary>
public sealed class SharesTests
{
    private static readonly string[] Four = ["w0", "w1", "w2", "w3"];

    [Fact]
    public void One_of_four_runs_at_half_speed_and_gets_less()
    {
        var rig = Measured(1, 1, 1, 0.5);
        Assert.All(Four, worker => Assert.Equal(16, rig.Shards(worker)));
        rig.Pass(7, Four);
        Assert.Equal((HoldReason.Shares, 4), (Assert.IsType<Holding>(rig.Phase).Why, rig.Orders<Hold>().Count));

        rig.Held(5, Four);
        Assert.Equal(6ul, rig.Orders<Start>()["w3"].FromItem);
        Assert.InRange(rig.Shards("w3"), 8, 10);
        Assert.All(Four, worker => Assert.InRange(rig.Shards(worker), 8, 20));
        var entry = rig.Row.Journal[^1];
        Assert.Equal(("SharesChanged", "shares: w3 runs at 0.50 of the others' speed", 0ul), (entry.Reason, entry.Detail, entry.StepsRedone));
        Assert.Equal(rig.Shards("w3"), (int)entry.Members.Single(member => member.Worker == "w3").Shards);
    }

    [Fact]
    public void It_becomes_fast_again_and_the_next_change_comes_after_30_seconds()
    {
        var rig = Measured(1, 1, 1, 0.5);
        rig.Pass(7, Four).Held(5, Four).Started(Four);
        Measure(rig, 1, 1, 1, 1);
        Assert.IsType<Running>(rig.Pass(20, Four).Phase);
        rig.Pass(20, Four).Held(9, Four);
        Assert.All(Four, worker => Assert.Equal(16, rig.Shards(worker)));
        Assert.Equal("shares: all run at about one speed", rig.Row.Journal[^1].Detail);
    }

    [Fact]
    public void What_saves_less_than_a_twentieth_of_a_step_is_left()
    {
        Assert.IsType<Running>(Measured(1, 1, 1, 0.96).Pass(60, Four).Phase);
        Assert.IsType<Running>(Measured(updateSeconds: 1000, speeds: [1, 1, 1, 0.5]).Pass(60, Four).Phase); // The update is all that the step takes.
    }

    [Fact]
    public void A_moment_of_slowness_is_none()
    {
        var rig = Measured(1, 1, 1, 0.5).Pass(3, Four);
        Measure(rig, 1, 1, 1, 1);
        rig.Pass(2, Four);
        Measure(rig, 1, 1, 1, 0.5);
        Assert.IsType<Running>(rig.Pass(4, Four).Phase);
    }

    [Fact]
    public void Speeds_are_kept_after_a_loss_and_a_newcomer_starts_with_the_mean()
    {
        var rig = Measured(1, 1, 1, 0.5);
        rig.Report("w0", new WorkerReport { LinkLost = new LinkLost { Peer = "w1", Opened = true, Message = "reset" } });
        rig.Fenced("w0", 1).Fenced("w2", 1).Fenced("w3", 1).Disconnect("w1").Pass(2, "w0", "w2", "w3");
        Assert.Equal(3, rig.Row.Assignment!.Members.Count);
        Assert.True(rig.Shards("w3") < rig.Shards("w0"), $"{rig.Row.Assignment}");

        string[] now = ["w0", "w2", "w3", "w4"];
        rig.Started("w0", "w2", "w3").Target(now).Standby("w4").Pass(3, now).Held(5, "w0", "w2", "w3");
        Assert.True(rig.Shards("w3") < rig.Shards("w4"), $"{rig.Row.Assignment}");
        Assert.Equal("w4 came", rig.Row.Journal[^1].Detail);
    }

    private static JobRig Measured(params double[] speeds) => Measured(0, speeds);

    private static JobRig Measured(double updateSeconds, double[] speeds)
    {
        var rig = new JobRig(Samples.Spec(shards: 64)).Train(Four);
        Measure(rig, updateSeconds, speeds);
        return rig;
    }

    private static void Measure(JobRig rig, params double[] speeds) => Measure(rig, 0, speeds);

    private static void Measure(JobRig rig, double updateSeconds, double[] speeds)
    {
        foreach (var (index, speed) in speeds.Index())
        {
            rig.Alive(Four[index], WorkerPhase.Training, 0.01 / speed, updateSeconds);
        }
    }
}
