using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Node.Training;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Node.Tests.Training;

public sealed class DataPipelineTests : IDisposable
{
    private const int Batch = 13;
    private const ulong Seed = 7;

    private readonly TinyData _files = new(train: 61, test: 23);
    private readonly Device _device = CpuDevice.Create(1);
    private readonly DataSet _train;
    private readonly DataSet _test;
    private readonly Network _network;

    public DataPipelineTests()
    {
        (_train, _test) = (
            DataSet.FromIdx(_files.Files.TrainImages, _files.Files.TrainLabels), DataSet.FromIdx(_files.Files.TestImages, _files.Files.TestLabels));
        var model = new Model(_train.Shape, new Flatten(), new Kernels.Layers.Linear(TinyData.Classes));
        _network = new Network(model, _device, new Kernels.Training.Sgd(0.1), new NetworkOptions(Batch, MaxRoots: 2));
    }

    public void Dispose()
    {
        _network.Dispose();
        _device.Dispose();
        _files.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_member_gets_the_samples_of_its_roots_in_the_order_of_the_epoch(bool shuffle)
    {
        var pipeline = new DataPipeline(_train, _test, Seed, shuffle);
        var slice = new BatchSlice(Batch, 5, [new ShardRange(0, 2), new ShardRange(4, 5)]);
        var order = new int[_train.Count];
        foreach (var (epoch, first) in new[] { (1, 0), (1, 26), (2, 13), (1, 39) })
        {
            pipeline.FillBatch(epoch, first, slice, _network);

            EpochOrder.Fill(order, Seed, epoch, shuffle);
            Holds(_train, [.. slice.Positions().Select(position => order[first + position])]);
        }
    }

    [Fact]
    public void A_short_last_batch_stays_within_the_epoch()
    {
        var pipeline = new DataPipeline(_train, _test, Seed, shuffle: true);
        var order = new int[_train.Count];
        EpochOrder.Fill(order, Seed, 3, shuffle: true);

        pipeline.FillBatch(epoch: 3, first: 52, BatchSlice.Whole(samples: 9, shards: 5), _network);

        Holds(_train, order[52..]);
    }

    [Fact]
    public void Test_samples_come_as_they_are_numbered()
    {
        new DataPipeline(_train, _test, Seed, shuffle: true).FillTest([22, 0, 11], _network);

        Holds(_test, [22, 0, 11]);
    }

    private void Holds(DataSet data, int[] samples)
    {
        var pixels = (int)data.Shape.Elements;
        var expected = new float[pixels];
        for (var local = 0; local < samples.Length; local++)
        {
            Assert.Equal(data.Read(samples[local], expected), _network.Labels[local]);
            Assert.Equal(expected, _network.Input.Slice(local * pixels, pixels).ToArray());
        }
    }
}
