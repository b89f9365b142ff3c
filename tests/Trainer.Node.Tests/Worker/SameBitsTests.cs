using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Node.Tests.Training;

namespace Trainer.Node.Tests.Worker;

/// <summary>The promise: the same job gives the same weights on any number of workers and threads, and those of one device alone.</summary>
public class SameBitsTests
{
    [Theory]
    [InlineData(37, 7)]
    [InlineData(37, 16)]
    [InlineData(64, 5)]
    public async Task The_weights_file_is_the_same_on_any_number_of_workers_and_threads(int batchSize, int shards)
    {
        using var data = new TinyData(train: 211, test: 53);
        var expected = TrainLocally(data, batchSize, shards, epochs: 2);
        foreach (var (workers, threads, unix) in new[] { (1, 1, true), (1, 2, true), (2, 1, true), (2, 2, false), (3, 1, true), (4, 2, true), (5, 1, false) })
        {
            await using var group = await new WorkerGroup(workers, threads, unix).ReadyAsync();
            var finished = await group.TrainAsync("job", data.Job((uint)batchSize, (uint)shards));
            Assert.True(expected == finished.WeightsSha256, $"{workers} workers x {threads} threads: {finished.WeightsSha256}, one device alone: {expected}");
            Assert.Equal(2, File.ReadAllLines(Path.Combine(group.Artifacts, "job", "metrics.jsonl")).Length);
        }
    }

    private static string TrainLocally(TinyData data, int batchSize, int shards, int epochs)
    {
        using var device = Device.Cpu(1);
        var train = DataSet.FromIdx(data.Files.TrainImages, data.Files.TrainLabels);
        using var trainer = new LocalTrainer(Zoo.LeNet(), device, new Sgd(0.9f, 0.5f), batchSize, seed: 3, shards);
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            trainer.TrainEpoch(train);
        }

        return trainer.Save(Path.Combine(data.Folder, "local.safetensors"));
    }
}
