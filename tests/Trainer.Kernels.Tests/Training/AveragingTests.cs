using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

/// <summary>The mean of the weights at the ends of epochs. PyTorch's values are in the golden trainings.</summary>
public sealed class AveragingTests : IDisposable
{
    private static readonly Model Plain = new(new Shape(2, 3, 5), new Conv2d(7, 3), new ReLU(), new Flatten(), new Linear(3));

    private static readonly DataSet Data = DataSet.FromArrays(
        new Shape(2, 3, 5), TestData.Values(23 * 30, seed: 8, bound: 127).Select(value => (byte)(value + 128)).ToArray(), Enumerable.Range(0, 23).Select(i => i % 3).ToArray());

    private readonly Device _device = CpuDevice.Create(2);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void The_mean_of_the_ends_of_epochs_is_the_result_and_training_goes_on_without_it()
    {
        using var trainer = Trainer(new Swa(StartEpoch: 2));
        using var plain = Trainer(null);
        var ends = new List<float[]>();
        for (var epoch = 1; epoch <= 5; epoch++)
        {
            trainer.TrainEpoch(Data);
            plain.TrainEpoch(Data);
            Assert.Equal(plain.Network.Weights.ToArray(), trainer.Network.Weights.ToArray());
            if (epoch < 2)
            {
                Assert.Equal((0L, false), (trainer.Network.State.Progress.Averaged, trainer.Network.State.UsesAverage));
                Assert.Equal(plain.Network.Weights.ToArray(), trainer.Network.State.ResultWeights.ToArray());
                continue;
            }

            ends.Add(plain.Network.Weights.ToArray());
            var (result, bound) = (trainer.Network.State.ResultWeights.ToArray(), ends.Count == 1 ? 0 : 1e-6);
            Assert.Equal(ends.Count, trainer.Network.State.Progress.Averaged);
            Assert.All(result, (value, i) => Assert.Equal(ends.Average(end => (double)end[i]), value, bound));
        }

        Assert.NotEqual(plain.Network.Weights.ToArray(), trainer.Network.State.ResultWeights.ToArray());
    }

    /// <summary>A state that is copied between two ends of epochs goes on with the same bits.</summary>
    [Fact]
    public void A_state_in_the_middle_of_a_mean_goes_on_where_it_was()
    {
        var recipe = new TrainingRecipe(new Sgd(0.1)) { Averaging = new Swa(StartEpoch: 1) };
        using var network = new Network(Plain, _device, recipe, new NetworkOptions(11)) { StepsPerEpoch = 3 };
        network.Initialize(5);
        Train(network, 1, 7);
        Assert.Equal(2, network.State.Progress.Averaged);

        using var states = StatePair.Create(_device, network.Layout, recipe);
        Copy(network.States, states);
        Assert.Equal(network.State.ResultWeights.ToArray(), states.Current.ResultWeights.ToArray());
        using var joiner = new Network(Plain, _device, recipe, new NetworkOptions(11), states) { Seed = network.Seed, StepsPerEpoch = 3 };
        Train(network, 8, 13);
        Train(joiner, 8, 13);
        Assert.Equal((4L, network.State.Hash, network.State.Progress.Chain), (joiner.State.Progress.Averaged, joiner.State.Hash, joiner.State.Progress.Chain));
    }

    [Fact]
    public void Running_statistics_that_are_not_frozen_are_refused_in_words()
    {
        var model = new Model(new Shape(2, 3, 5), new BatchNorm2d(), new Flatten(), new Linear(3));
        var recipe = new TrainingRecipe(new Sgd(0.1)) { Averaging = new Swa(StartEpoch: 1) };

        Assert.Equal(
            "training.averaging.swa: leaves 0.running_mean without an estimate for the averaged weights, which takes one more pass over the training set (torch's update_bn) that is not there; "
            + "use ema, or group_norm for batch norm, or freeze its statistics with frozen_statistics in parameter_groups",
            Assert.Throws<ModelException>(() => recipe.CheckFits(model)).Message);
        (recipe with { Averaging = new Ema() }).CheckFits(model);
        recipe.CheckFits(new Model(new Shape(2, 3, 5), new GroupNorm(2), new Flatten(), new Linear(3)));

        recipe = recipe with { ParameterGroups = [new ParameterGroup("0.*", FrozenStatistics: true)] };
        using var trainer = new LocalTrainer(model, _device, recipe, batchSize: 11);
        trainer.Network.EditWeights()[trainer.Network.Layout.Slots.Single(slot => slot.Name == "0.running_mean").Offset] = 3;
        trainer.TrainEpoch(Data);
        trainer.TrainEpoch(Data);
        foreach (var slot in trainer.Network.Layout.Slots.Where(slot => slot.Kind == SlotKind.Statistic))
        {
            Assert.Equal(trainer.Network.Weights.Slice(slot.Offset, slot.Elements), trainer.Network.State.ResultWeights.Slice(slot.Offset, slot.Elements));
        }
    }

    private static void Train(Network network, ulong first, ulong last)
    {
        for (var step = first; step <= last; step++)
        {
            var slice = BatchSlice.Whole(11, 3);
            var (pixels, labels) = TestData.Samples(11, Plain.Input, 3, step);
            TestData.Load(network, slice, pixels, labels);
            TestData.Step(network, slice, step);
        }
    }

    private static void Copy(StatePair from, StatePair to)
    {
        using var reader = from.CopyOut();
        var writer = to.CopyIn(reader.Header.Span);
        for (var chunk = 0; chunk < reader.Chunks; chunk++)
        {
            var values = new float[reader.ElementsOf(chunk)];
            reader.Read(chunk, values);
            writer.Write(chunk, values);
        }

        writer.Complete(reader.Hash);
    }

    private LocalTrainer Trainer(Averaging? averaging) => new(Plain, _device, new TrainingRecipe(new Sgd(0.1, Momentum: 0.5)) { Averaging = averaging }, batchSize: 11, seed: 3, shards: 3);
}
