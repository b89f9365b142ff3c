using Akka.Actor;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Training;
using Trainer.Node.Tests.Training;
using Trainer.Node.Training;
using Trainer.Protos;

namespace Trainer.Node.Tests.Worker;

/// <summary>Batch norm over groups that workers share: the weights of one device alone on any number of workers, whoever dies in the middle of an exchange.</summary>
public sealed class BatchNormTests : IDisposable
{
    /// <summary>The last batch of an epoch has fewer samples than shards: some workers have none of it.</summary>
    private readonly TinyData _data = new(train: (4 * 37) + 5, test: 23);

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData(false, 8)]
    [InlineData(true, 8)]
    [InlineData(true, 2)]
    public async Task The_weights_are_the_same_on_any_number_of_workers(bool sync, int group)
    {
        var job = Job(sync, (uint)group, epochs: 2);
        var expected = TrainLocally(job);
        foreach (var (workers, threads, unix) in new[] { (1, 1, true), (2, 2, true), (3, 1, true), (5, 1, false), (8, 1, true) })
        {
            await using var members = await new WorkerGroup(workers, threads, unix).ReadyAsync();
            var finished = await members.TrainAsync("job", job);
            Assert.True(expected == finished.WeightsSha256, $"{workers} workers x {threads} threads: {finished.WeightsSha256}, one device alone: {expected}");
        }
    }

    /// <summary>Statistics that are given need no exchange, wherever a group's shards are.</summary>
    [Fact]
    public async Task Frozen_statistics_give_the_same_weights_on_any_number_of_workers()
    {
        var job = Job(sync: true, group: 8, epochs: 2);
        job.Training.ParameterGroups.Add(new Protos.ParameterGroup { Pattern = "*", FrozenStatistics = true });
        var expected = TrainLocally(job);
        Assert.NotEqual(TrainLocally(Job(sync: true, group: 8, epochs: 2)), expected);
        foreach (var workers in new[] { 1, 3 })
        {
            await using var members = await new WorkerGroup(workers, 1).ReadyAsync();
            Assert.Equal(expected, (await members.TrainAsync("job", job)).WeightsSha256);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(42)]
    [InlineData(203)]
    public async Task A_member_dies_while_the_others_wait_for_its_part(int exchange)
    {
        var job = Job(sync: true, group: 8, epochs: 12);
        var (count, entered) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        using var gate = new ManualResetEventSlim();
        void Stop(Moment moment)
        {
            if (moment == Moment.Exchange && Interlocked.Increment(ref count) == exchange)
            {
                entered.SetResult();
                gate.Wait();
            }
        }

        await using var group = await new WorkerGroup(workers: 3, reached: worker => worker == 1 ? Stop : null).ReadyAsync();
        await group.BeginAsync("job", job);
        await entered.Task;
        group.Workers[1].Tell(PoisonPill.Instance);
        await group.ReportAsync(0, report => report.LinkLost?.Peer == "worker-1");
        await group.ReportAsync(2, report => report.LinkLost?.Peer == "worker-1");
        var committed = await group.FenceAsync("job", 2, 0, 2);
        group.Start("job", job, 3, [2, 0], committed, [0, 2]);
        gate.Set();
        Assert.Equal(TrainLocally(job), (await group.FinishAsync("job", 3, 2, 0)).WeightsSha256);
    }

    [Fact]
    public async Task Members_are_fenced_in_the_middle_of_exchanges_and_one_of_them_dies()
    {
        var job = Job(sync: true, group: 8, epochs: 25);
        var expected = TrainLocally(job);
        await using var group = await new WorkerGroup(workers: 3).ReadyAsync();
        await group.BeginAsync("job", job);
        var number = 1UL;
        for (var round = 0; round < 8; round++)
        {
            await group.ReportAsync(1, report => report.Started is not null && report.Generation.Number == number);
            var state = await group.FenceAsync("job", ++number, 0, 1, 2);
            group.Forget();
            group.Start("job", job, ++number, round % 2 == 0 ? [2, 1, 0] : [0, 1, 2], state, [0, 1, 2]);
        }

        await group.ReportAsync(1, report => report.Started is not null && report.Generation.Number == number);
        group.Workers[1].Tell(PoisonPill.Instance);
        await group.ReportAsync(2, report => report.LinkLost?.Peer == "worker-1");
        var committed = await group.FenceAsync("job", ++number, 0, 2);
        group.Start("job", job, ++number, [2, 0], committed, [0, 2]);
        Assert.Equal(expected, (await group.FinishAsync("job", number, 2, 0)).WeightsSha256);
    }

    private JobSpec Job(bool sync, uint group, uint epochs)
    {
        var job = _data.Job(batchSize: 37, shards: 8, epochs, learningRate: 0.1);
        job.Training.BatchNormShards = group;
        job.Model = new Model
        {
            Layers =
            {
                new Layer { Conv2D = new Conv2d { OutChannels = 5, KernelSize = { 5 }, Stride = { 3 } } },
                new Layer { BatchNorm2D = new BatchNorm2d() },
                new Layer { Relu = new Relu() },
                new Layer { Conv2D = new Conv2d { OutChannels = 7, KernelSize = { 3 } } },
                new Layer { BatchNorm2D = new BatchNorm2d { Sync = sync } },
                new Layer { Flatten = new Flatten() },
                new Layer { Linear = new Linear { OutFeatures = TinyData.Classes } },
            },
        };
        return job;
    }

    private string TrainLocally(JobSpec job)
    {
        using var device = CpuDevice.Create(1);
        var train = DataSet.FromIdx(_data.Files.TrainImages, _data.Files.TrainLabels);
        var model = JobParameters.BuildModel(job.Model, train.Shape, TinyData.Classes);
        using var trainer = new LocalTrainer(model, device, Recipe(job), 37, seed: 3, 8, (int)job.Training.BatchNormShards);
        for (var epoch = 0; epoch < job.Training.Epochs; epoch++)
        {
            trainer.TrainEpoch(train);
        }

        return trainer.Save(Path.Combine(_data.Folder, "local.safetensors"));
    }

    private static TrainingRecipe Recipe(JobSpec job) => new(new Kernels.Training.Sgd(0.1, 0.5))
    {
        ParameterGroups = [.. job.Training.ParameterGroups.Select(group => new Kernels.Training.ParameterGroup(group.Pattern, FrozenStatistics: group.HasFrozenStatistics ? group.FrozenStatistics : null))],
    };
}
