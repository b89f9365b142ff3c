using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs;

public sealed class JobMachineLossTests
{
    [Fact]
    public void A_lost_link_fails_the_job_naming_worker_and_step()
    {
        var job = new JobScenario().Running("a", "b").Step("a", 41).LinkLost("a", "b", 42);
        var lost = job.Now;
        job.Pass(5, () => job.Row.HasEnded);
        Assert.Equal((JobState.Failed, "WorkerLost", "Worker b was lost at step 42: connection reset"), (job.Stored.State, job.Reason, job.Stored.Message));
        Assert.InRange((job.Now - lost).TotalSeconds, 0, 0.6);
        Assert.Equal(["a", "b"], job.Orders<Release>().Select(release => release.Message.Worker));
    }

    [Fact]
    public void The_failure_behind_a_lost_link_is_the_reason()
    {
        var job = new JobScenario().Running("a", "b").LinkLost("a", "b", 42).Failure("b", 42, "the loss is NaN");
        Assert.Equal(("WorkerFailed", "Worker b failed at step 42: the loss is NaN"), (job.Reason, job.Stored.Message));
    }

    [Fact]
    public void A_divergence_is_the_trainings_and_blames_no_worker()
    {
        var job = new JobScenario().Running("a", "b").Failure("b", 42, "the loss is not finite (NaN)", notFinite: true);
        Assert.Equal((JobState.Failed, "Diverged"), (job.Stored.State, job.Reason));
        Assert.Equal("Training diverged at step 42: the loss is not finite (NaN)", job.Stored.Message);
    }

    [Fact]
    public void The_most_accused_is_the_one_who_is_lost()
    {
        // c saw a close its links (because of b) before it saw b go.
        var job = new JobScenario().Running("a", "b", "c").LinkLost("c", "a", 9).LinkLost("c", "b", 9).LinkLost("a", "b", 9).Pass(1, null);
        Assert.Equal("Worker b was lost at step 9: connection reset", job.Stored.Message);
    }

    [Fact]
    public void Links_to_who_has_finished_strangers_and_oneself_blame_nobody()
    {
        var job = new JobScenario().Running("a", "b").Finished("b").LinkLost("a", "b", 9).LinkLost("a", "x", 9).LinkLost("a", "a", 9).Pass(1);
        Assert.Equal(JobState.Running, job.Row.State);
    }

    [Fact]
    public void A_job_of_one_worker_asks_when_the_connection_closes_and_fails_without_an_answer()
    {
        var job = new JobScenario().Running("a").Step("a", 7).Pass(1).Closed("a");
        Assert.Single(job.Orders<Query>());
        var closed = job.Now;
        var queries = 0;
        job.Pass(5, () =>
        {
            queries += job.Orders<Query>().Count();
            return job.Row.HasEnded;
        });
        Assert.Equal("Worker a was lost at step 7: the connection to its process closed", job.Stored.Message);
        Assert.InRange((job.Now - closed).TotalSeconds, 1, 2);
        Assert.InRange(queries, 3, 6);
    }

    [Fact]
    public void An_answer_or_a_new_connection_clears_the_suspicion()
    {
        var job = new JobScenario().Running("a").Closed("a").Pass(1).Alive("a").Pass(5).Alive("a");
        Assert.Equal(JobState.Running, job.Row.State);
        job.Closed("a").Pass(1).Opened("a").Pass(5);
        Assert.Equal(JobState.Running, job.Row.State);
    }

    [Fact]
    public void With_peers_who_watch_a_closed_connection_means_nothing()
    {
        var job = new JobScenario().Running("a", "b").Closed("b");
        Assert.Empty(job.Actions);
        Assert.Equal(JobState.Running, job.Pass(5).Row.State);
    }

    [Fact]
    public void What_the_scheduler_misses_is_asked()
    {
        var job = new JobScenario().Running("a").Missed("a", "another-life");
        Assert.Empty(job.Actions);
        job.Missed("a", "a-life");
        Assert.Single(job.Orders<Query>());
        Assert.Equal("Worker a was lost at step 0: no status for 5 s", job.Pass(2).Stored.Message);
    }

    [Fact]
    public void Silence_loses_a_worker()
    {
        var job = new JobScenario().Running("a", "b");
        job.Pass(9.8, () =>
        {
            job.Alive("a");
            return false;
        });
        Assert.Equal(JobState.Running, job.Row.State);
        job.Pass(0.2);
        Assert.Equal("Worker b was lost at step 0: no sign of it for 10 s", job.Stored.Message);
    }

    [Fact]
    public void A_committed_step_is_a_sign_of_every_member()
    {
        var job = new JobScenario().Running("a", "b");
        for (var step = 1ul; step < 20; step++)
        {
            job.Pass(1).Step("a", step);
        }

        Assert.Equal(JobState.Running, job.Row.State);
        job.Pass(9).Step("a", 19).Pass(1);
        Assert.Equal(JobState.Failed, job.Row.State);
    }

    [Fact]
    public void While_this_process_stood_still_nobody_was_silent()
    {
        var job = new JobScenario().Running("a", "b").Pass(3).StandStill(60);
        Assert.Equal(JobState.Running, job.Row.State);
        Assert.Equal(JobState.Running, job.Pass(6.4).Row.State);
        Assert.Equal(JobState.Failed, job.Pass(0.8).Row.State);
    }

    [Fact]
    public void A_worker_started_anew_is_not_the_one_that_was_granted()
    {
        var job = new JobScenario().Running("a", "b").Step("a", 3);
        job.Report("b", new WorkerReport { Alive = new Alive(), Incarnation = "second-life" });
        Assert.Equal("Worker b was lost at step 3: its process was started anew", job.Stored.Message);
    }

    [Fact]
    public void A_member_that_serves_another_job_is_lost()
    {
        var job = new JobScenario().Running("a", "b").Busy("b", "j-7");
        Assert.Equal(("WorkerLost", "Worker b serves job j-7."), (job.Reason, job.Stored.Message));
        Assert.Equal("Worker b serves no job any more.", new JobScenario().Running("a", "b").Busy("b", "").Stored.Message);
    }

    [Fact]
    public void Nothing_is_decided_of_an_ended_job()
    {
        var job = new JobScenario().Running("a").Failure("a", 1, "x").Pass(60);
        Assert.Empty(job.Actions);
        Assert.Empty(job.Closed("a").Actions);
        Assert.Empty(job.Missed("a", "a-life").Actions);
        Assert.Equal(2, job.Row.Transitions.Count(transition => transition.State is JobState.Running or JobState.Failed));
    }
}
