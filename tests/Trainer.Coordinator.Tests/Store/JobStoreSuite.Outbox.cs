using Google.Protobuf.WellKnownTypes;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Store;

// What receivers outside the cluster are still to be told.
public abstract partial class JobStoreSuite
{
    /// <summary>What is said of a job outlives it; who is not told of jobs leaves nothing behind.</summary>
    [Fact]
    public async Task The_outbox_has_what_a_receiver_is_still_to_be_told_of_each_job()
    {
        await _store.InsertAsync(Passed(Samples.Row("j-0"), JobState.Queued));
        Reopen("webhook", "mlflow");
        var (first, second) = (Passed(Samples.Row("j-1"), JobState.Queued), Passed(Samples.Row("j-2"), JobState.Queued) with { Creator = "ann", Progress = new Progress { Step = 5, TotalSteps = 7 } });
        await _store.InsertAsync(first);
        await _store.InsertAsync(first);
        await _store.InsertAsync(second);
        var ended = Passed(first, JobState.Cancelled);
        Assert.True(await _store.SaveAsync(ended));
        Assert.True(await _store.SaveAsync(ended));
        Assert.False(await _store.SaveAsync(Passed(ended, JobState.Failed) with { Term = 9 }));
        await _store.DeleteAsync("j-1");
        Reopen();

        var heads = await _store.ReadOutboxAsync("webhook", 0, 10);
        Assert.Equal(["j-1", "j-2"], heads.Select(change => change.Job));
        Assert.Equal((Samples.Noon, true), (heads[0].Time, heads[0].Id.StartsWith("msg_", StringComparison.Ordinal)));
        Assert.Equal(
            """{"type":"job.state_changed","timestamp":"2026-03-01T12:00:00.125Z","data":{"job":"j-2","name":"lenet","creator":"ann","state":"QUEUED","reason":"Because","message":"It is \"so\".","step":5,"total_steps":7,"create_time":"2026-03-01T12:00:00.125Z"}}""",
            heads[1].Body);
        Assert.Single(await _store.ReadOutboxAsync("webhook", 0, 1));
        Assert.Equal(["j-2"], (await _store.ReadOutboxAsync("webhook", heads[0].Number, 10)).Select(change => change.Job));
        await _store.RemoveFromOutboxAsync(heads[0].Number);
        Assert.Contains("\"CANCELLED\"", (await _store.ReadOutboxAsync("webhook", 0, 10)).Single(change => change.Job == "j-1").Body);

        Assert.Equal(0, await _store.TrimOutboxAsync("webhook", Samples.Noon, 2));
        Assert.Equal(1, await _store.TrimOutboxAsync("webhook", Samples.Noon, 1));
        Assert.Equal(1, await _store.TrimOutboxAsync("webhook", Samples.Noon.AddSeconds(1), 1));
        Assert.Empty(await _store.ReadOutboxAsync("webhook", 0, 10));
        Assert.Equal(["j-1", "j-2"], (await _store.ReadOutboxAsync("mlflow", 0, 10)).Select(change => change.Job));

        static JobRow Passed(JobRow row, JobState state) => row with
        {
            State = state,
            Transitions = row.Transitions.Add(new Transition { State = state, Time = Timestamp.FromDateTimeOffset(Samples.Noon), Reason = "Because", Message = "It is \"so\"." }),
        };
    }
}
