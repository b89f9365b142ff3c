using Grpc.Core;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Hashes;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>Three epochs of five steps: items 6, 12 and 18 are evaluations.</summary>
public class VerificationPlanTests
{
    private readonly JobRow _row = Samples.Row(state: JobState.Succeeded) with
    {
        Progress = new Progress { Step = 15, TotalSteps = 15, Epoch = 3, TotalEpochs = 3 },
        Checkpoints = [Checkpoint(item: 8, step: 7), Checkpoint(item: 18, step: 15)],
    };

    [Fact]
    public void Without_a_range_it_is_what_follows_the_newest_checkpoint_that_something_follows() =>
        AssertPlan((8, 8, 15, 9, 18), VerificationPlan.Of(_row, Recorded(1, 18), new VerifyJobRequest()));

    [Fact]
    public void Steps_begin_at_the_checkpoint_before_them_and_an_epochs_last_takes_the_evaluation_in()
    {
        AssertPlan((null, 1, 8, 1, 9), VerificationPlan.Of(_row, Recorded(1, 18), new VerifyJobRequest { FirstStep = 7, LastStep = 8 }));
        AssertPlan((8, 8, 10, 9, 12), VerificationPlan.Of(_row, Recorded(1, 18), new VerifyJobRequest { FirstStep = 8, LastStep = 10 }));
        AssertPlan((null, 1, 15, 1, 18), VerificationPlan.Of(_row, Recorded(1, 18), new VerifyJobRequest { FirstStep = 1 }));
    }

    [Fact]
    public void Checkpoints_of_a_job_that_goes_on_are_not_counted_on() =>
        AssertPlan((null, 1, 12, 1, 14), VerificationPlan.Of(_row with { State = JobState.Running }, Recorded(1, 14), new VerifyJobRequest()));

    [Fact]
    public void What_has_no_hash_is_named_and_the_end_is_the_next_that_has_one()
    {
        var recorded = Recorded(1, 11).Where(hash => hash.Key is not (3 or 4 or 7)).ToDictionary();
        var plan = VerificationPlan.Of(_row, recorded, new VerifyJobRequest { FirstStep = 1, LastStep = 6 });
        AssertPlan((null, 1, 7, 1, 8), plan);
        Assert.Equal([new ItemRange { First = 3, Last = 4 }, new ItemRange { First = 7, Last = 7 }], plan.Verification.Unrecorded);
    }

    /// <summary>Four steps an epoch, evaluated after each third: items 4 (after step 3) and 6 (the epoch's end), 8 (after step 6) and 11, 13 (after step 9) and 16.</summary>
    [Fact]
    public void Evaluations_within_epochs_belong_to_the_step_before_them()
    {
        ulong[] steps = [1, 2, 3, 3, 4, 4, 5, 6, 6, 7, 8, 8, 9, 9, 10, 11, 12, 12];
        var recorded = steps.Select((step, i) => new StepHash((ulong)i + 1, step, 7)).ToDictionary(hash => hash.Item, hash => new RecordedHash(hash, new HashOrigin("j-1", 1, 1, "canonical", "data")));
        AssertPlan((null, 1, 3, 1, 4), VerificationPlan.Of(_row with { Checkpoints = [] }, recorded, new VerifyJobRequest { FirstStep = 2, LastStep = 3 }));
        AssertPlan((null, 1, 8, 1, 12), VerificationPlan.Of(_row with { Checkpoints = [] }, recorded, new VerifyJobRequest { FirstStep = 2, LastStep = 8 }));
        AssertPlan((4, 4, 12, 5, 18), VerificationPlan.Of(_row with { Checkpoints = [Checkpoint(item: 4, step: 3)] }, recorded, new VerifyJobRequest()));
    }

    [Theory]
    [InlineData(0, 16, StatusCode.InvalidArgument, "last_step: must be at most 15, the last step on record, got 16")]
    [InlineData(9, 8, StatusCode.InvalidArgument, "first_step: must be at most 8, the last step that is verified, got 9")]
    public void What_is_not_on_record_cannot_be_verified(ulong first, ulong last, StatusCode status, string text)
    {
        var refused = Assert.Throws<RpcException>(() => VerificationPlan.Of(_row, Recorded(1, 18), new VerifyJobRequest { FirstStep = first, LastStep = last }));
        Assert.Equal((status, text), (refused.StatusCode, refused.Status.Detail));
    }

    [Fact]
    public void Nothing_on_record_and_a_job_that_verifies_itself_are_refused()
    {
        var nothing = Assert.Throws<RpcException>(() => VerificationPlan.Of(_row, Recorded(1, 0), new VerifyJobRequest()));
        Assert.Equal("No hash of job j-1 is on record in its folder: no step was committed yet, or the record was deleted.", nothing.Status.Detail);
        var later = Assert.Throws<RpcException>(() => VerificationPlan.Of(_row with { UnknownFields = ["training.ema"] }, Recorded(1, 18), new VerifyJobRequest()));
        Assert.Matches("^Job j-1 asks for what release .* does not know: training.ema. A coordinator of the release that made it verifies it.$", later.Status.Detail);
        var verifier = _row with { Verification = new Verification { Job = "j-0" } };
        var again = Assert.Throws<RpcException>(() => VerificationPlan.Of(verifier, Recorded(1, 18), new VerifyJobRequest()));
        Assert.Equal((StatusCode.FailedPrecondition, "Job j-1 verifies job j-0: verify that one."), (again.StatusCode, again.Status.Detail));
    }

    private static void AssertPlan((ulong? Origin, ulong FirstStep, ulong LastStep, ulong FirstItem, ulong LastItem) expected, VerificationPlan plan)
    {
        var made = plan.Verification;
        Assert.Equal(expected, (plan.Origin?.State.Item, made.FirstStep, made.LastStep, made.FirstItem, made.LastItem));
    }

    private static Checkpoint Checkpoint(ulong item, ulong step) => new() { Id = $"step-{step}", State = new StateId { Item = item, Step = step, Hash = item } };

    private static Dictionary<ulong, RecordedHash> Recorded(ulong first, ulong last)
    {
        var recorded = new Dictionary<ulong, RecordedHash>();
        for (var item = first; item <= last; item++)
        {
            recorded.Add(item, new RecordedHash(new StepHash(item, item - (item / 6), item), new HashOrigin("j-1", 1, 1, "canonical", "data")));
        }

        return recorded;
    }
}
