using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Hashes;
using Trainer.Hosting.Steps;
using Trainer.Node.Tests.Training;

namespace Trainer.Node.Tests.Worker;

/// <summary>The record of what was committed: the same whoever computed it, and without gaps where the first member is lost.</summary>
public class StepHashTests
{
    private const ulong Items = 2 * 7; // Two epochs of six batches and an evaluation.

    [Fact]
    public async Task Every_item_is_recorded_and_the_record_is_the_same_on_any_number_of_workers()
    {
        using var data = new TinyData(train: 211, test: 53);
        var one = await RecordAsync(data, workers: 1);
        var three = await RecordAsync(data, workers: 3);
        Assert.Equal(Enumerable.Range(1, (int)Items).Select(item => (ulong)item), one.Keys.Order());
        Assert.Equal(Hashes(one), Hashes(three));
        Assert.Equal(new HashOrigin("job", 1, 1, Kernels.Canonical.Numerics.Id, one[1].Origin.Data), one[1].Origin);
    }

    [Fact]
    public async Task Who_is_first_after_a_loss_goes_on_with_the_record()
    {
        using var data = new TinyData(train: 211, test: 53);
        var spec = data.Job(batchSize: 37, shards: 7, epochs: 400);
        await using var group = await new WorkerGroup(2).ReadyAsync();
        await group.BeginAsync("job", spec);
        await group.ReportAsync(0, report => report.Step?.Committed?.Item > 3);
        var state = await group.FenceAsync("job", 2, 0, 1);
        group.Start("job", spec, 3, [1], state);
        await group.ReportAsync(1, report => report.Step?.Committed?.Item > state.Item + 3);
        var held = await group.HoldAsync("job", 3, 1);

        var recorded = StepHashFiles.Read(new FolderStore(Path.Combine(group.Artifacts, "job")));
        Assert.Equal(Enumerable.Range(1, (int)held.Item).Select(item => (ulong)item), recorded.Keys.Order());
        Assert.Equal(state.Hash, recorded[state.Item].Hash.Hash);
        Assert.Equal((held.Hash, held.Step), (recorded[held.Item].Hash.Hash, recorded[held.Item].Hash.Step));
        var steps = StepFiles.Read(new FolderStore(Path.Combine(group.Artifacts, "job"))).Select(step => step.Step).ToList();
        Assert.Equal(Enumerable.Range(1, (int)held.Step).Select(step => (ulong)step), steps);
        group.Release("job", 3);
        await group.AllIdleAsync();
    }

    [Fact]
    public async Task What_steps_came_to_is_recorded_and_the_same_on_any_number_of_workers_but_for_measurements()
    {
        using var data = new TinyData(train: 211, test: 53);
        var one = await StepsAsync(data, workers: 1);
        var three = await StepsAsync(data, workers: 3);
        Assert.Equal(Enumerable.Range(1, 12).Select(step => ((ulong)step, (uint)(step > 6 ? 2 : 1))), one.Select(step => (step.Step, step.Epoch)));
        Assert.Equal(one.Select(Outcome), three.Select(Outcome));
        Assert.All(one, step => Assert.True(step is { Loss: > 0, GradientNorm: > 0, ImagesPerSecond: > 0, Phases.Total: > 0 }));

        static (double, double, double, double?) Outcome(StepRecord step) => (step.Loss, step.Accuracy, step.LearningRate, step.GradientNorm);
    }

    private static async Task<List<StepRecord>> StepsAsync(TinyData data, int workers)
    {
        await using var group = await new WorkerGroup(workers).ReadyAsync();
        var spec = data.Job(batchSize: 37, shards: 7, epochs: 2);
        spec.Training.ClipGradNorm = 0.5;
        await group.TrainAsync("job", spec);
        return [.. StepFiles.Read(new FolderStore(Path.Combine(group.Artifacts, "job")))];
    }

    private static async Task<IReadOnlyDictionary<ulong, RecordedHash>> RecordAsync(TinyData data, int workers)
    {
        await using var group = await new WorkerGroup(workers).ReadyAsync();
        await group.TrainAsync("job", data.Job(batchSize: 37, shards: 7, epochs: 2));
        return StepHashFiles.Read(new FolderStore(Path.Combine(group.Artifacts, "job")));
    }

    private static IEnumerable<StepHash> Hashes(IReadOnlyDictionary<ulong, RecordedHash> recorded) => recorded.Values.Select(value => value.Hash).OrderBy(hash => hash.Item);
}
