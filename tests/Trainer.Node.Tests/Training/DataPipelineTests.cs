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
    private readonly Schedule _schedule = new(61, 23, Batch, epochs: 3);
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
        using var pipeline = new DataPipeline(_train, _test, Seed, shuffle);
        var slice = new BatchSlice(Batch, 5, [new ShardRange(0, 2), new ShardRange(4, 5)]);
        var order = new int[_train.Count];
        pipeline.Begin(_schedule, firstItem: 2, new MemberShare(5, slice.Roots, TestBatch: 3));
        foreach (var first in new[] { 13, 26, 39 })
        {
            pipeline.Fill(_network);

            EpochOrder.Fill(order, Seed, 1, shuffle);
            Holds(_train, [.. slice.Positions().Select(position => order[first + position])]);
        }
    }

    [Fact]
    public void A_short_last_batch_stays_within_the_epoch()
    {
        using var pipeline = new DataPipeline(_train, _test, Seed, shuffle: true);
        var order = new int[_train.Count];
        EpochOrder.Fill(order, Seed, 3, shuffle: true);
        pipeline.Begin(_schedule, firstItem: 17, new MemberShare(5, [new ShardRange(0, 5)], TestBatch: 13)); // the last batch of epoch 3

        Assert.Equal(9, pipeline.Fill(_network));

        Holds(_train, order[52..]);
    }

    /// <summary>As many at a time as the member evaluates together, then the next epoch, then another generation from its own item on.</summary>
    [Fact]
    public void Test_samples_come_as_they_are_numbered_and_training_goes_on_behind_them()
    {
        using var pipeline = new DataPipeline(_train, _test, Seed, shuffle: true);
        var whole = new MemberShare(5, [new ShardRange(0, 5)], TestBatch: 13);
        pipeline.Begin(_schedule, firstItem: 6, whole);

        Assert.Equal(13, pipeline.Fill(_network));
        Holds(_test, [.. Enumerable.Range(0, 13)]);
        Assert.Equal(10, pipeline.Fill(_network));
        Holds(_test, [.. Enumerable.Range(13, 10)]);
        var order = new int[_train.Count];
        EpochOrder.Fill(order, Seed, 2, shuffle: true);
        pipeline.Fill(_network);
        Holds(_train, order[..13]);

        pipeline.Begin(_schedule, firstItem: 6, whole);
        Assert.Equal(13, pipeline.Fill(_network));
        Holds(_test, [.. Enumerable.Range(0, 13)]);
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
