using Google.Protobuf;
using Trainer.Coordinator.Jobs;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs;

public sealed class JobMachineRunTests
{
    public static TheoryData<string> Reports => [.. WorkerReport.Descriptor.Oneofs.Single().Fields.Select(type => type.Name)];

    /// <summary>A report that is added and handled by nobody fails here.</summary>
    [Theory]
    [MemberData(nameof(Reports))]
    public void Every_report_is_handled(string name)
    {
        var field = WorkerReport.Descriptor.FindFieldByName(name);
        var report = new WorkerReport();
        field.Accessor.SetValue(report, field.MessageType.Parser.ParseFrom(ByteString.Empty));
        if (report.Step is { } step)
        {
            step.Progress = new Progress();
        }

        if (report.Epoch is { } epoch)
        {
            epoch.Summary = Samples.Epoch(1);
        }

        new JobScenario().Running("a", "b").Report("a", report);
    }

    [Fact]
    public void Progress_is_shown_but_not_stored()
    {
        var job = new JobScenario().Running("a", "b").Step("a", 5);
        Assert.Equal([new Publish(AtOnce: false)], job.Actions);
        Assert.Equal(5ul, job.Row.Progress!.Step);
        Assert.Null(job.Stored.Progress);
    }

    [Fact]
    public void Epochs_are_stored_in_order_and_once()
    {
        var job = new JobScenario().Running("a").Epoch("a", 1).Epoch("a", 1);
        Assert.Empty(job.Actions);
        job.Epoch("a", 2);
        Assert.Equal([1u, 2u], job.Stored.Epochs.Select(epoch => epoch.Epoch));
        Assert.Contains(new Publish(AtOnce: true), job.Actions);
    }

    [Fact]
    public void Missing_epochs_are_asked_for()
    {
        var job = new JobScenario().Running("a", "b").Epoch("a", 1).Pass(1).Epoch("a", 3);
        Assert.Equal([1u], job.Stored.Epochs.Select(epoch => epoch.Epoch));
        var (to, query) = Assert.Single(job.Orders<Query>());
        Assert.Equal((JobScenario.Path("a"), 1u), (to, query.EpochsKnown));
        job.Report("b", new WorkerReport { Alive = new Alive { EpochsClosed = 3 } });
        Assert.Empty(job.Actions);

        job.Epoch("a", 2).Epoch("a", 3).Pass(1).Report("b", new WorkerReport { Alive = new Alive { EpochsClosed = 3 } });
        Assert.Empty(job.Actions);
        Assert.Equal(3, job.Stored.Epochs.Count);
    }

    [Fact]
    public void Alive_with_more_epochs_asks_rank_0()
    {
        var job = new JobScenario().Running("a", "b").Pass(1).Report("b", new WorkerReport { Alive = new Alive { EpochsClosed = 2 } });
        Assert.Equal([JobScenario.Path("a")], job.Orders<Query>().Select(query => query.To));
    }

    [Fact]
    public void It_succeeds_once_all_have_finished_with_one_hash()
    {
        var job = new JobScenario().Running("a", "b").Epoch("a", 1, 0.7).Epoch("a", 2, 0.9).Epoch("a", 3, 0.8).Pass(2).Finished("b");
        Assert.Equal(JobState.Running, job.Row.State);
        job.Finished("a", sha256: "abc");
        Assert.Equal((JobState.Succeeded, "Completed", "Trained 3 epochs on a, b."), (job.Stored.State, job.Reason, job.Stored.Message));
        Assert.Equal(
            new Result
            {
                WeightsPath = "/w",
                WeightsSha256 = "abc",
                Input = { 3, 5, 7 },
                Classes = 11,
                Loss = 1.0 / 3,
                TrainAccuracy = 0.4,
                TestAccuracy = 0.8,
                BestTestAccuracy = 0.9,
                ImagesPerSecond = 2000,
                Seconds = (job.Now - Samples.Noon).TotalSeconds,
            },
            job.Stored.Result);
        Assert.Equal(["a", "b"], job.Orders<Release>().Select(release => release.Message.Worker));
        Assert.Equal("j-1", Assert.Single(job.Told<JobSettled>()).Job);
        Assert.True(job.Actions.ToList().FindIndex(action => action is Save) < job.Actions.ToList().FindIndex(action => action is Order));
    }

    [Fact]
    public void The_median_of_an_even_number_of_epochs_is_the_mean_of_the_middle_two()
    {
        var job = new JobScenario(Samples.Spec(epochs: 2)).Running("a").Epoch("a", 1).Epoch("a", 2).Finished("a", sha256: "abc");
        Assert.Equal(1500, job.Stored.Result!.ImagesPerSecond);
    }

    [Fact]
    public void It_waits_for_epochs_that_are_still_missing()
    {
        var job = new JobScenario(Samples.Spec(epochs: 2)).Running("a").Epoch("a", 1).Pass(1).Finished("a", sha256: "abc");
        Assert.Equal(JobState.Running, job.Row.State);
        Assert.Single(job.Orders<Query>());
        job.Epoch("a", 2);
        Assert.Equal(JobState.Succeeded, job.Stored.State);
    }

    [Fact]
    public void Different_hashes_fail_and_name_who_differs()
    {
        var job = new JobScenario().Running("a", "b", "c").Epoch("a", 1).Epoch("a", 2).Epoch("a", 3);
        job.Finished("a", "h", "abc").Finished("b", "x").Finished("c", "h");
        Assert.Equal((JobState.Failed, "WeightsDiffer"), (job.Stored.State, job.Reason));
        Assert.Equal("The workers' weights differ: a, c have h; b has x.", job.Stored.Message);
        Assert.Equal(3, job.Orders<Release>().Count());
    }

    [Fact]
    public void Rank_0_must_have_the_result()
    {
        var job = new JobScenario(Samples.Spec(epochs: 1)).Running("a", "b").Epoch("a", 1).Finished("b").Finished("a");
        Assert.Equal((JobState.Failed, "Worker a finished without a weights file."), (job.Stored.State, job.Stored.Message));
    }

    [Fact]
    public void Who_still_serves_an_ended_job_is_released_where_it_is()
    {
        var job = new JobScenario(Samples.Spec(epochs: 1)).Running("a").Epoch("a", 1).Finished("a", sha256: "s");
        job.Report("a", new WorkerReport { Finished = new Finished() }, "akka.tcp://trainer@elsewhere:2/user/agent");
        var (to, release) = Assert.Single(job.Orders<Release>());
        Assert.Equal(("akka.tcp://trainer@elsewhere:2/user/agent", "a", job.Row.Generation), (to, release.Worker, release.Generation));
        Assert.Equal(JobState.Succeeded, job.Row.State);
    }

    [Fact]
    public void Strangers_are_released_and_reports_of_lower_generations_dropped()
    {
        var job = new JobScenario().Grant("a", "b").Busy("b", "other").Running("a", "c");
        job.Report("x", new WorkerReport { Alive = new Alive() });
        Assert.Equal(["x"], job.Orders<Release>().Select(release => release.Message.Worker));
        job.Report("a", new WorkerReport { Failure = new Failure { Message = "old" }, Generation = new Generation { Term = 1, Number = 1 } });
        Assert.Empty(job.Actions);
        Assert.Equal(JobState.Running, job.Row.State);
    }

    [Fact]
    public void Log_lines_are_kept_from_whomever_they_come()
    {
        var job = new JobScenario().Report("x", new WorkerReport { Log = new LogLine { Message = "reading data" } });
        Assert.Equal([new WriteLog("x", "reading data", job.Now)], job.Actions);
    }

    [Theory]
    [InlineData(JobState.Starting)]
    [InlineData(JobState.Running)]
    public void Cancel_stores_cancelling_then_cancelled_and_releases_all(JobState state)
    {
        var job = state == JobState.Running ? new JobScenario().Running("a", "b").Step("a", 17) : new JobScenario().Grant("a", "b");
        job.Cancel($"{job.Row.Version}");
        Assert.Equal([JobState.Cancelling, JobState.Cancelled], job.Actions.OfType<Save>().Select(save => save.Row.State));
        Assert.Equal(["a", "b"], job.Orders<Release>().Select(release => release.Message.Worker));
        Assert.Equal($"Cancelled by the user at step {(state == JobState.Running ? 17 : 0)}.", job.Stored.Message);
        var answer = Assert.IsType<JobUpdate>(job.Actions.OfType<Answer>().Single().Message);
        Assert.Equal(JobState.Cancelled, answer.Job.State);
        Assert.Equal(job.Now, job.Stored.Ended);
    }

    [Fact]
    public void A_queued_job_is_cancelled_at_once()
    {
        var job = new JobScenario().Cancel();
        Assert.Equal([JobState.Cancelled], job.Actions.OfType<Save>().Select(save => save.Row.State));
        Assert.Single(job.Told<JobSettled>());
        Assert.Empty(job.Grant("a").Actions);
    }

    [Fact]
    public void Cancelling_what_has_ended_or_changed_is_refused()
    {
        var job = new JobScenario().Cancel("77");
        var refused = Assert.IsType<JobRefused>(Assert.IsType<Answer>(Assert.Single(job.Actions)).Message);
        Assert.Equal((10, "Job j-1 has changed: its etag is 1, the request says 77."), (refused.Status, refused.Message));

        job.Cancel().Cancel();
        refused = Assert.IsType<JobRefused>(Assert.IsType<Answer>(Assert.Single(job.Actions)).Message);
        Assert.Equal((9, "Job j-1 has ended: CANCELLED."), (refused.Status, refused.Message));
    }
}
