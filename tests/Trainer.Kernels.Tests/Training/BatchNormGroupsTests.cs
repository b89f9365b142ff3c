using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

/// <summary>Which shards each batch norm of a model takes together.</summary>
public sealed class BatchNormGroupsTests
{
    private const int Batch = 64;
    private const int Shards = 8;

    [Fact]
    public void Sync_makes_the_whole_batch_one_group_of_its_own_layer_and_of_no_other()
    {
        var (none, second, both) = (VariancesAfterAStep(false, false), VariancesAfterAStep(false, true), VariancesAfterAStep(true, true));

        Assert.Equal(none.First, second.First);
        Assert.NotEqual(none.First, both.First);
        Assert.NotEqual(none.Second, second.Second);
    }

    [Fact]
    public void A_layer_with_sync_keeps_the_batch_together()
    {
        var (none, second) = (ModelOf(false, false), ModelOf(false, true));

        Assert.Equal((4, 4), (none.GroupShards(Batch, Shards), none.UnitShards(Shards, groupShards: 4)));
        Assert.Equal((4, Shards), (second.GroupShards(Batch, Shards), second.UnitShards(Shards, groupShards: 4)));
        Assert.Equal((1, 1), (Zoo.LeNet().GroupShards(Batch, Shards), Zoo.LeNet().UnitShards(Shards, groupShards: 4)));
    }

    [Fact]
    public void Groups_of_one_value_are_refused_by_the_groups_that_each_layer_has()
    {
        const string Alone = "a batch of 8 samples in 8 shards has a batch norm group (shards 0 to 0) of one value per channel, which has no variance";
        Assert.Equal(Alone, ModelOf(false, true).RefuseGroups(samples: 8, Shards, groupShards: 1));
        Assert.Null(ModelOf(true, true).RefuseGroups(samples: 8, Shards, groupShards: 1));
        Assert.Equal(
            "a batch of 1 samples in 8 shards has a batch norm group (shards 0 to 7) of one value per channel, which has no variance",
            ModelOf(true, true).RefuseGroups(samples: 1, Shards, groupShards: 1));
        Assert.Null(ModelOf(false, false).RefuseGroups(samples: 8, Shards, groupShards: 2));
    }

    private static (float[] First, float[] Second) VariancesAfterAStep(bool firstSync, bool secondSync)
    {
        var model = ModelOf(firstSync, secondSync);
        using var device = CpuDevice.Create(2);
        using var network = new Network(model, device, new Sgd(0.1), new NetworkOptions(Batch));
        network.Initialize(3);
        var slice = BatchSlice.Whole(Batch, Shards, model.GroupShards(Batch, Shards));
        var (pixels, labels) = TestData.Samples(Batch, model.Input, 3, seed: 5);
        TestData.Load(network, slice, pixels, labels);
        TestData.Step(network, slice);
        return (Of("2.running_var"), Of("4.running_var"));

        float[] Of(string name)
        {
            var slot = network.Layout.Slots.Single(slot => slot.Name == name);
            return network.Weights.Slice(slot.Offset, slot.Elements).ToArray();
        }
    }

    private static Model ModelOf(bool firstSync, bool secondSync) => new(
        new Shape(7, 1, 1), new Flatten(), new Linear(5), new BatchNorm1d { Sync = firstSync }, new Linear(3), new BatchNorm1d { Sync = secondSync });
}
