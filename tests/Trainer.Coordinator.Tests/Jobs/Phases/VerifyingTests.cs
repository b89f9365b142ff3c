using Trainer.Coordinator.Jobs;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Phases;

/// <summary>A job that verifies another one, from a checkpoint of it.</summary>
public sealed class VerifyingTests
{
    private readonly JobRig _rig = new(row: JobMachine.NewRow(
        "j-1",
        new CreateJob
        {
            Spec = Samples.Spec(),
            RequestId = "r",
            Verification = new Verification { Job = "j-0", FirstStep = 6, LastStep = 9, FirstItem = 6, LastItem = 9, Unrecorded = { new ItemRange { First = 7, Last = 8 } } },
            Origin = new Checkpoint { Id = "step-5", State = JobRig.State(5), Folder = "/artifacts/j-0/checkpoints/step-5" },
        },
        Samples.Noon));

    [Fact]
    public void Workers_are_told_how_many_hashes_they_will_find()
    {
        var enlist = _rig.Target("w0").Orders<Enlist>()["w0"];
        Assert.Equal(new Expectation { Artifacts = "/artifacts/j-0", FirstItem = 6, LastItem = 9, Recorded = 2 }, enlist.Expectation);
    }

    [Fact]
    public void A_record_that_has_lost_hashes_is_the_end()
    {
        _rig.Target("w0").Fail("w0", Failure.Types.Kind.Record, "of 2 hashes 1 is there");
        Assert.Equal((JobState.Failed, "RecordLost", "Job j-0 cannot be verified: of 2 hashes 1 is there"), (_rig.Row.State, _rig.Row.Transitions[^1].Reason, _rig.Row.Message));
    }

    [Fact]
    public void A_job_adopted_after_its_last_step_is_known_to_have_all_of_them()
    {
        var trained = new JobRig().Train("w0");
        var served = new Served
        {
            Job = "j-1",
            Spec = Samples.Spec(),
            Authority = trained.Row.Generation,
            Generation = trained.Row.Generation,
            Assignment = trained.Row.Assignment,
            From = new StateId(),
        };
        var rig = new JobRig(row: JobMachine.AdoptedRow("j-1", new AdoptJob { Served = served, Worker = "w0" }, Samples.Noon)).Target("w0").Finished(27, "w0").Pass(1, "w0");
        rig.Report("w0", new WorkerReport { Saved = new Saved { WeightsPath = "/w", Id = rig.Orders<Save>()["w0"].Id } });
        foreach (var epoch in new uint[] { 1, 2, 3 })
        {
            rig.Report("w0", new WorkerReport { Epoch = new EpochReport { Summary = Samples.Epoch(epoch), Item = 9 * epoch } });
        }

        Assert.Equal((JobState.Succeeded, new Progress { Step = 24, TotalSteps = 24, Epoch = 3, TotalEpochs = 3 }), (rig.Row.State, rig.Row.Progress));
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_read_thrice_is_the_end()
    {
        _rig.Target("w0").Standby("w0");
        for (var read = 1; read <= 3; read++)
        {
            Assert.Equal(6ul, _rig.Pass(40, "w0").Row.Assignment is null ? 0 : _rig.Row.Committed.Item + 1);
            _rig.Fail("w0", Failure.Types.Kind.State, "no such folder").Report("w0", new WorkerReport { Fenced = new Fenced() });
        }

        Assert.Equal(
            (JobState.Failed, "CheckpointUnreadable", "Checkpoint step-5 of job j-0, which this begins with, cannot be read. Verify all steps, from the initial weights: trainer verify j-0 --all"),
            (_rig.Row.State, _rig.Row.Transitions[^1].Reason, _rig.Row.Message));
    }
}
