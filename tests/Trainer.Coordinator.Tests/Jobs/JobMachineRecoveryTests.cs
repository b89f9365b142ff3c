using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs;

public sealed class JobMachineRecoveryTests
{
    [Fact]
    public void A_queued_job_waits_again()
    {
        var job = new JobScenario().Restart();
        Assert.Single(job.Told<JobWaiting>());
        Assert.Equal((2ul, 1ul), (job.Grant("a").Stored.Generation.Term, job.Stored.Generation.Number));
    }

    [Theory]
    [InlineData(JobState.Starting)]
    [InlineData(JobState.Running)]
    public void Members_are_asked_under_the_new_term_and_adopted_when_all_answer(JobState state)
    {
        var job = state == JobState.Running ? new JobScenario().Running("a", "b").Epoch("a", 1) : new JobScenario().Grant("a", "b");
        job.Restart();
        var queries = job.Orders<Query>().ToList();
        Assert.Equal([JobScenario.Path("a"), JobScenario.Path("b")], queries.Select(query => query.To));
        Assert.All(queries, query => Assert.Equal(new Generation { Term = 2, Number = 1 }, query.Message.Generation));
        Assert.Equal((uint)job.Row.Epochs.Count, queries[0].Message.EpochsKnown);

        job.Alive("b");
        Assert.True(job.Machine.Adopting);
        job.Pass(3);
        Assert.Equal([JobScenario.Path("a")], job.Orders<Query>().Select(query => query.To));
        job.Step("a", 400);
        Assert.False(job.Machine.Adopting);
        Assert.Equal((JobState.Running, "WorkersAdopted"), (job.Stored.State, job.Reason));
        Assert.Equal("The coordinator came back and found a, b at work.", job.Stored.Message);
        Assert.Equal((1ul, 1ul), (job.Stored.Generation.Term, job.Stored.Generation.Number));

        job.Failure("a", 401, "x");
        Assert.All(job.Orders<Release>(), release => Assert.Equal(new Generation { Term = 2, Number = 1 }, release.Message.Generation));
    }

    [Fact]
    public void Adopted_workers_may_be_at_other_addresses_by_now()
    {
        var job = new JobScenario().Running("a").Restart();
        job.Report("a", new WorkerReport { Alive = new Alive() }, "akka.tcp://trainer@new:9/user/agent");
        job.Cancel();
        Assert.Equal(["akka.tcp://trainer@new:9/user/agent"], job.Orders<Release>().Select(release => release.To));
    }

    [Fact]
    public void Workers_that_stay_silent_fail_the_job_and_the_others_are_released()
    {
        var job = new JobScenario().Running("a", "b", "c").Restart().Alive("b").Pass(29.8);
        Assert.Equal(JobState.Running, job.Row.State);
        job.Pass(0.2);
        Assert.Equal((JobState.Failed, "WorkersSilent"), (job.Stored.State, job.Reason));
        Assert.Equal("Silent for 30 s after the coordinator came back: a, c.", job.Stored.Message);
        Assert.Contains(job.Orders<Release>(), release => release.Message.Worker == "b");
    }

    [Fact]
    public void All_finished_while_the_coordinator_was_away_is_a_success()
    {
        var job = new JobScenario(Samples.Spec(epochs: 2)).Running("a", "b").Epoch("a", 1).Restart().Pass(1);
        job.Finished("b").Finished("a", sha256: "s");
        Assert.Equal(1u, Assert.Single(job.Orders<Query>()).Message.EpochsKnown);
        job.Epoch("a", 2);
        Assert.Equal(JobState.Succeeded, job.Stored.State);
    }

    [Fact]
    public void Losses_and_failures_while_adopting_fail_the_job()
    {
        var job = new JobScenario().Running("a", "b").Restart().LinkLost("a", "b", 5).Pass(1);
        Assert.Equal("Worker b was lost at step 5: connection reset", job.Stored.Message);
        var other = new JobScenario().Grant("a", "b").Restart().Busy("a", "j-2");
        Assert.Equal("Worker a serves job j-2.", other.Stored.Message);
    }

    [Fact]
    public void An_interrupted_cancel_is_finished()
    {
        var job = new JobScenario().Running("a");
        var cancelling = job.Machine.Decide(new Trainer.Coordinator.Jobs.CancelRequested(job.Now, "")).Actions
            .OfType<Trainer.Coordinator.Jobs.Save>().First().Row;
        Assert.Equal(JobState.Cancelling, cancelling.State);
        var machine = Trainer.Coordinator.Jobs.JobMachine.Of(cancelling with { Term = 2 }, JobScenario.Settings, job.Now);
        var (next, actions) = machine.Decide(new Trainer.Coordinator.Jobs.Entered(job.Now));
        Assert.Equal(JobState.Cancelled, next.Row.State);
        Assert.Contains(actions, action => action is Trainer.Coordinator.Jobs.Order { Message: Release });
    }
}
