using Akka.Actor;
using Trainer.Node.Tests.Training;
using Trainer.Node.Worker;
using Trainer.Protos.Cluster;
using Failure = Trainer.Protos.Cluster.Failure;
using Trainer.Hosting.Files;

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

        await group.BeginAsync("cut", data.Job(epochs: Endless));
        var progress = (await group.ReportAsync(0, report => report.Job == "cut" && report.Step is not null)).Step.Progress;
        group.Cut(0, peer: 1);

        foreach (var (worker, peer) in new[] { (0, "worker-1"), (1, "worker-0") })
        {
            var lost = (await group.ReportAsync(worker, report => report.Job == "cut" && report.LinkLost is not null)).LinkLost;
            Assert.Equal(peer, lost.Peer);
            Assert.True(lost.Opened && lost.Step >= progress.Step, $"lost at {lost.Step}, committed before: {progress.Step}");
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
        await group.BeginAsync("job", data.Job(epochs: Endless));
        await group.ReportAsync(0, report => report.Step is not null);
        group.Workers[2].Tell(PoisonPill.Instance);
        foreach (var survivor in new[] { 0, 1 })
        {
            await group.ReportAsync(survivor, report => report.LinkLost?.Peer == "worker-2");
        }
    }

    [Fact]
    public async Task A_worker_serves_one_job_and_says_so()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 1).ReadyAsync();
        group.Workers[0].Tell(new Query { Job = "nobody's", Generation = WorkerGroup.Number(1) });
        Assert.Equal("", (await group.ReportAsync(0, report => report.Job == "nobody's" && report.Busy is not null)).Busy.Job);

        await group.BeginAsync("mine", data.Job(epochs: Endless));
        await group.ReportAsync(0, report => report.Started is not null);
        group.Start("other", data.Job(), 1, [0]);
        group.Workers[0].Tell(new Query { Job = "third", Generation = WorkerGroup.Number(1) });
        foreach (var job in new[] { "other", "third" })
        {
            var busy = (await group.ReportAsync(0, report => report.Job == job)).Busy;
            Assert.Equal("mine", busy.Job);
            Assert.Equal(WorkerGroup.Number(1), busy.Generation);
        }

        Assert.Equal("mine", (await group.HearAsync<WorkerStatus>(status => status.Job.Length > 0)).Job);
    }

    [Fact]
    public async Task Orders_below_the_highest_generation_are_dropped()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 1).ReadyAsync();
        await group.BeginAsync("job", data.Job(epochs: Endless), number: 5);
        await group.ReportAsync(0, report => report.Started is not null);
        var worker = group.Workers[0];

        worker.Tell(new Release { Job = "job", Generation = WorkerGroup.Number(4) });
        worker.Tell(new Fence { Job = "job", Generation = WorkerGroup.Number(4) });
        group.Start("job", data.Job(), 4, [0]);
        worker.Tell(new Query { Job = "job", Generation = new Generation { Term = 2, Number = 0 } });
        worker.Tell(new Release { Job = "job", Generation = WorkerGroup.Number(9) });
        group.Forget();
        var alive = await group.ReportAsync(0, report => report.Alive is not null);
        Assert.Equal(WorkerGroup.Number(5), alive.Generation);

        worker.Tell(new Release { Job = "job", Generation = new Generation { Term = 2, Number = 0 } });
        await group.AllIdleAsync();
    }

    [Fact]
    public async Task A_wrong_secret_is_refused_in_clear_words()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 2).ReadyAsync();
        await group.EnlistAsync("job", data.Job(), 0, 1);
        group.Workers[0].Tell(group.StartOf("job", data.Job(), rank: 0, number: 1, members: [0, 1], secret: "guess"));
        group.Workers[1].Tell(group.StartOf("job", data.Job(), rank: 1, number: 1, members: [0, 1]));
        var lost = (await group.ReportAsync(0, report => report.LinkLost is not null)).LinkLost;
        Assert.Equal(("worker-1", "link to worker-1: wrong secret for job job, generation (1,1)", false), (lost.Peer, lost.Message, lost.Opened));
    }

    [Fact]
    public async Task Progress_is_committed_and_epochs_are_kept_for_who_asks()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 2).ReadyAsync();
        await group.BeginAsync("job", data.Job(epochs: 3));
        await group.ReportAsync(1, report => report.Finished is not null);
        var finished = (await group.ReportAsync(0, report => report.Finished is not null)).Finished;
        Assert.Equal((12UL, 9UL), (finished.State.Item, finished.Step));
        var last = await group.ReportAsync(0, report => report.Step?.Progress is { Step: 9, Epoch: 3 } && report.Step.Committed.Item == 12);
        Assert.Equal((9UL, 3U), (last.Step.Progress.TotalSteps, last.Step.Progress.TotalEpochs));

        group.Forget();
        group.Workers[1].Tell(new Query { Job = "job", Generation = WorkerGroup.Number(1), EpochsKnown = 1 });
        Assert.Equal(2U, (await group.ReportAsync(1, report => report.Epoch is not null)).Epoch.Summary.Epoch);
        var third = (await group.ReportAsync(1, report => report.Epoch is not null)).Epoch;
        Assert.Equal(3U, third.Summary.Epoch);
        Assert.InRange(third.Summary.TestAccuracy, 0.0, 1.0);
        Assert.True(third.Summary.TestLoss > 0 && third.Summary.Loss > 0 && third.Summary.ImagesPerSecond > 0);
    }

    [Fact]
    public async Task Training_that_diverges_fails_at_its_step_and_applies_nothing_of_it()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 2).ReadyAsync();
        await group.BeginAsync("job", data.Job(learningRate: 1e38));
        var failure = (await group.HearAsync<WorkerReport>(r => r.Failure is not null)).Failure;
        Assert.Matches(
            @"^the (loss|gradient) is not finite.*(: the (output of layers\[|gradient of ).* is the first value that is not)?\. The learning rate was 1E\+38\. Lower it, ",
            failure.Message);
        Assert.Equal(Failure.Types.Kind.NotFinite, failure.Kind);
        Assert.InRange(failure.Step, 2UL, 6UL);
        Assert.True((await group.FenceAsync("job", 2, 0, 1)).Item < failure.Item);
    }

    [Fact]
    public async Task Data_outside_the_folders_that_jobs_may_read_is_not_looked_at()
    {
        using var data = new TinyData(train: 101, test: 23);
        await using var group = await new WorkerGroup(workers: 1, files: FileRoots.Of(["/nowhere"])).ReadyAsync();
        group.Enlist("job", data.Job(), null, 0);
        var failure = (await group.ReportAsync(0, report => report.Failure is not null)).Failure;
        Assert.Equal(
            $"data.idx.train_images: names '{data.Files.TrainImages}', which is not in a folder that jobs may read: /nowhere. Put it there, or ask the operator for another --data-root", failure.Message);
        Assert.Equal(Failure.Types.Kind.Data, failure.Kind);
        group.Release("job", 0);
        await group.AllIdleAsync();
    }

    [Fact]
    public async Task Data_that_is_not_there_fails_the_job_by_name()
    {
        using var data = new TinyData(train: 101, test: 23);
        var spec = data.Job();
        spec.Data.Idx.TrainLabels = "/nowhere/labels";
        await using var group = await new WorkerGroup(workers: 1).ReadyAsync();
        group.Workers[0].Tell(new Enlist { Job = "job", Generation = WorkerGroup.Number(0), Incarnation = group.Status[0].Incarnation, Spec = spec });
        var failure = (await group.ReportAsync(0, report => report.Failure is not null)).Failure;
        Assert.StartsWith("/nowhere/labels: ", failure.Message, StringComparison.Ordinal);
        Assert.Equal(Failure.Types.Kind.Data, failure.Kind);
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
}
