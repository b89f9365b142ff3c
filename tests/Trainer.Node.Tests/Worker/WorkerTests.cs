using Akka.Actor;
using Trainer.Node.Tests.Training;
using Trainer.Node.Worker;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Worker;

public class WorkerTests
{
    /// <summary>Longer than any test: ended from outside.</summary>
    private const uint Endless = 100_000;

    [Fact]
    public async Task A_link_cut_in_mid_step_is_reported_by_both_ends_and_the_next_job_runs()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 3).ReadyAsync();
        var expected = (await group.TrainAsync("before", data.Job())).WeightsSha256;

        group.Start("cut", data.Job(epochs: Endless));
        var progress = (await group.ReportAsync(0, report => report.Job == "cut" && report.Step is not null)).Step.Progress;
        group.Cut(0, peer: 1);

        foreach (var (worker, peer) in new[] { (0, "worker-1"), (1, "worker-0") })
        {
            var lost = (await group.ReportAsync(worker, report => report.Job == "cut" && report.LinkLost is not null)).LinkLost;
            Assert.Equal(peer, lost.Peer);
            Assert.True(lost.Step >= progress.Step, $"lost at {lost.Step}, committed before: {progress.Step}");
        }

        group.Forget();
        group.Release("cut");
        await group.AllIdleAsync();
        Assert.Equal(expected, (await group.TrainAsync("after", data.Job())).WeightsSha256);
    }

    [Fact]
    public async Task A_worker_that_dies_is_named_by_its_peers()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 3).ReadyAsync();
        group.Start("job", data.Job(epochs: Endless));
        await group.ReportAsync(0, report => report.Step is not null);
        group.Workers[2].Tell(PoisonPill.Instance);
        foreach (var survivor in new[] { 0, 1 })
        {
            Assert.Equal("worker-2", (await group.ReportAsync(survivor, report => report.LinkLost is not null)).LinkLost.Peer);
        }
    }

    [Fact]
    public async Task A_worker_serves_one_job_and_says_so()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 1).ReadyAsync();
        group.Workers[0].Tell(new Query { Job = "nobody's", Generation = Number(1) });
        Assert.Equal("", (await group.ReportAsync(0, report => report.Job == "nobody's" && report.Busy is not null)).Busy.Job);

        group.Start("mine", data.Job(epochs: Endless));
        await group.ReportAsync(0, report => report.Started is not null);
        group.Start("other", data.Job());
        group.Workers[0].Tell(new Query { Job = "third", Generation = Number(1) });
        foreach (var job in new[] { "other", "third" })
        {
            var busy = (await group.ReportAsync(0, report => report.Job == job)).Busy;
            Assert.Equal("mine", busy.Job);
            Assert.Equal(Number(1), busy.Generation);
        }

        Assert.Equal("mine", (await group.HearAsync<WorkerStatus>(status => status.Job.Length > 0)).Job);
    }

    [Fact]
    public async Task Orders_below_the_highest_generation_are_dropped()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 1).ReadyAsync();
        group.Start("job", data.Job(epochs: Endless), number: 5);
        await group.ReportAsync(0, report => report.Started is not null);
        var worker = group.Workers[0];

        worker.Tell(new Release { Job = "job", Generation = Number(4) });
        worker.Tell(new Fence { Job = "job", Generation = Number(4) });
        group.Start("job", data.Job(), number: 4);
        worker.Tell(new Query { Job = "job", Generation = new Generation { Term = 2, Number = 0 } });
        worker.Tell(new Release { Job = "job", Generation = Number(9) });
        group.Forget();
        var alive = await group.ReportAsync(0, report => report.Alive is not null);
        Assert.Equal(Number(5), alive.Generation);

        worker.Tell(new Release { Job = "job", Generation = new Generation { Term = 2, Number = 0 } });
        await group.AllIdleAsync();
    }

    [Fact]
    public async Task A_start_of_a_higher_generation_replaces_the_lower_one()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 3).ReadyAsync();
        group.Start("job", data.Job(epochs: Endless), number: 1);
        await group.ReportAsync(0, report => report.Step is not null);
        var finished = await group.TrainAsync("job", data.Job(), number: 2);
        Assert.Equal(finished.WeightsSha256, (await group.TrainAsync("alone", data.Job())).WeightsSha256);
    }

    [Fact]
    public async Task A_wrong_secret_is_refused_in_clear_words()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 2).ReadyAsync();
        group.Workers[0].Tell(group.StartOf("job", data.Job(), rank: 0, secret: "guess"));
        group.Workers[1].Tell(group.StartOf("job", data.Job(), rank: 1));
        var failure = (await group.ReportAsync(0, report => report.Failure is not null)).Failure;
        Assert.Equal("link to worker-1: wrong secret for job job, generation (1,1)", failure.Message);
    }

    [Fact]
    public async Task A_fence_is_answered_with_the_last_step_applied_and_its_hash()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 3).ReadyAsync();
        group.Start("job", data.Job(epochs: Endless));
        await group.ReportAsync(0, report => report.Step is not null);
        group.Workers.ForEach(worker => worker.Tell(new Fence { Job = "job", Generation = Number(2) }));
        var answers = new List<Fenced>();
        for (var i = 0; i < 3; i++)
        {
            answers.Add((await group.ReportAsync(i, report => report.Fenced is not null)).Fenced);
        }

        Assert.InRange(answers.Max(answer => answer.Step) - answers.Min(answer => answer.Step), 0UL, 1UL);
        Assert.All(answers.GroupBy(answer => answer.Step), same => Assert.Single(same.Select(answer => answer.Hash).Distinct()));
        Assert.Equal(answers[1], (await group.ReportAsync(1, report => report.Fenced is not null)).Fenced);
    }

    [Fact]
    public async Task Progress_is_committed_and_epochs_are_kept_for_who_asks()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 2).ReadyAsync();
        group.Start("job", data.Job(epochs: 3));
        await group.ReportAsync(1, report => report.Finished is not null);
        await group.ReportAsync(0, report => report.Finished is not null);
        var last = await group.ReportAsync(0, report => report.Step?.Progress is { Step: 9 });
        Assert.Equal((9UL, 3U, 3U), (last.Step.Progress.TotalSteps, last.Step.Progress.Epoch, last.Step.Progress.TotalEpochs));

        group.Forget();
        group.Workers[0].Tell(new Query { Job = "job", Generation = Number(1), EpochsKnown = 1 });
        Assert.Equal(2U, (await group.ReportAsync(0, report => report.Epoch is not null)).Epoch.Summary.Epoch);
        var third = (await group.ReportAsync(0, report => report.Epoch is not null)).Epoch;
        Assert.Equal((3U, 9UL), (third.Summary.Epoch, third.Step));
        Assert.InRange(third.Summary.TestAccuracy, 0.0, 1.0);
        Assert.True(third.Summary.TestLoss > 0 && third.Summary.Loss > 0 && third.Summary.ImagesPerSecond > 0);
        await group.ReportAsync(0, report => report.Finished is not null);
    }

    [Fact]
    public async Task Training_that_diverges_fails_at_its_step_and_applies_nothing_of_it()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 2).ReadyAsync();
        group.Start("job", data.Job(learningRate: 1e38));
        var report = await group.HearAsync<WorkerReport>(r => r.Failure is not null);
        Assert.Matches(
            @"^the (loss|gradient) is not finite.*(: the (output of layers\[|gradient of ).* is the first value that is not)?\. The learning rate was 1E\+38\. Lower it, ",
            report.Failure.Message);
        Assert.True(report.Failure.NotFinite);
        Assert.InRange(report.Failure.Step, 2UL, 6UL);
    }

    [Fact]
    public async Task Data_that_is_not_there_fails_the_job_by_name()
    {
        using var data = new TinyData(train: 101, test: 23);
        var spec = data.Job();
        spec.Data.Idx.TrainLabels = "/nowhere/labels";
        await using var group = await new WorkerGroup(workers: 1).ReadyAsync();
        group.Start("job", spec);
        Assert.StartsWith("/nowhere/labels: ", (await group.ReportAsync(0, report => report.Failure is not null)).Failure.Message, StringComparison.Ordinal);
        group.Release("job");
        await group.AllIdleAsync();
        await group.TrainAsync("next", data.Job());
    }

    [Fact]
    public async Task Who_leaves_says_so()
    {
        await using var group = await new WorkerGroup(workers: 1).ReadyAsync();
        group.Workers[0].Tell(new WorkerActor.Leave());
        Assert.True((await group.HearAsync<WorkerStatus>(_ => true)).Leaving);
    }

    private static Generation Number(ulong number) => new() { Term = 1, Number = number };
}
