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

    /// <summary>By the definition, with another network of the averaged weights: the mean over an epoch's batches of what they have for mean and variance. Nothing else changes by it.</summary>
    [Fact]
    public void Running_statistics_of_the_mean_are_those_of_the_last_epochs_batches_under_its_weights()
    {
        var (model, recipe) = (Normed(), new TrainingRecipe(new Sgd(0.1, Momentum: 0.5)) { Averaging = new Swa(StartEpoch: 2) });
        using var trainer = new LocalTrainer(model, _device, recipe, batchSize: 11, seed: 3, shards: 3);
        using var plain = new LocalTrainer(model, _device, recipe with { Averaging = null }, batchSize: 11, seed: 3, shards: 3);
        for (var epoch = 1; epoch <= 4; epoch++)
        {
            trainer.TrainEpoch(Data, shuffle: false);
            plain.TrainEpoch(Data, shuffle: false);
            Assert.Equal(plain.Network.Weights.ToArray(), trainer.Network.Weights.ToArray());
            Assert.Equal(plain.Network.State.OptimizerState.ToArray(), trainer.Network.State.OptimizerState.ToArray());
            Assert.Equal(epoch < 2 ? 0 : 3, trainer.Network.State.Progress.Estimated);
        }

        var (layout, average) = (trainer.Network.Layout, trainer.Network.State.ResultWeights.ToArray());
        Assert.All(layout.Counters, counter => Assert.Equal((3, 12), (trainer.Network.BatchesTracked(counter), plain.Network.BatchesTracked(counter))));
        using var fresh = new LocalTrainer(Normed(cumulative: true), _device, new Sgd(0), batchSize: 11, seed: 3, shards: 3);
        average.AsSpan(0, layout.ParameterElements).CopyTo(fresh.Network.EditWeights());
        fresh.TrainEpoch(Data, shuffle: false);
        foreach (var slot in layout.Slots)
        {
            Assert.Equal(fresh.Network.Weights.Slice(slot.Offset, slot.Elements), average.AsSpan(slot.Offset, slot.Elements));
        }
    }

    [Fact]
    public void Statistics_that_are_frozen_stay_and_those_of_other_layers_are_estimated()
    {
        var (model, recipe) = (Normed(), new TrainingRecipe(new Sgd(0.1)) { Averaging = new Swa(StartEpoch: 1), ParameterGroups = [new ParameterGroup("0.*", FrozenStatistics: true)] });
        Assert.Equal(1, recipe.FirstEstimate(model));
        using var trainer = new LocalTrainer(model, _device, recipe, batchSize: 11);
        trainer.Network.EditWeights()[trainer.Network.Layout.Slots.Single(slot => slot.Name == "0.running_mean").Offset] = 3;
        trainer.TrainEpoch(Data);
        trainer.TrainEpoch(Data);
        foreach (var slot in trainer.Network.Layout.Slots.Where(slot => slot.Kind == SlotKind.Statistic))
        {
            var isFrozen = slot.Name.StartsWith("0.", StringComparison.Ordinal);
            Assert.Equal(isFrozen, trainer.Network.Weights.Slice(slot.Offset, slot.Elements).SequenceEqual(trainer.Network.State.ResultWeights.Slice(slot.Offset, slot.Elements)));
        }
    }

    [Fact]
    public void Nothing_is_estimated_where_there_is_nothing_to_estimate()
    {
        var recipe = new TrainingRecipe(new Sgd(0.1)) { Averaging = new Swa(StartEpoch: 1) };
        Assert.Null(recipe.FirstEstimate(Plain));
        Assert.Null(recipe.FirstEstimate(new Model(new Shape(2, 3, 5), new GroupNorm(2), new Flatten(), new Linear(3))));
        Assert.Null((recipe with { ParameterGroups = [new ParameterGroup("*", FrozenStatistics: true)] }).FirstEstimate(Normed()));
        Assert.Null((recipe with { Averaging = new Ema() }).FirstEstimate(Normed()));
        using var network = new Network(Normed(), _device, recipe, new NetworkOptions(11));
        Assert.Equal(
            "There is no average of the weights whose running statistics could be estimated.", Assert.Throws<InvalidOperationException>(() => network.Estimate(BatchSlice.Whole(11, 3), 1)).Message);
    }

    /// <summary>As when a worker dies in the midst of an epoch's estimates.</summary>
    [Fact]
    public void A_state_in_the_middle_of_an_estimate_goes_on_where_it_was()
    {
        var recipe = new TrainingRecipe(new Adam(0.1)) { Averaging = new Swa(StartEpoch: 1) };
        using var network = new Network(Normed(), _device, recipe, new NetworkOptions(11)) { StepsPerEpoch = 3 };
        network.Initialize(5);
        Train(network, 1, 3);
        Estimate(network, 1, 2);
        using var states = StatePair.Create(_device, network.Layout, recipe);
        Copy(network.States, states);
        Assert.Equal((2L, network.State.Hash), (states.Current.Progress.Estimated, states.Current.Hash));
        Assert.Equal(network.State.Hash, network.State.HashAgain());
        using var joiner = new Network(Normed(), _device, recipe, new NetworkOptions(11), states) { Seed = network.Seed, StepsPerEpoch = 3 };
        Estimate(network, 3, 3);
        Estimate(joiner, 3, 3);
        Assert.Equal((network.State.Hash, network.State.Progress.Chain), (joiner.State.Hash, joiner.State.Progress.Chain));
        Assert.Equal(network.State.Hash, network.State.HashAgain());

        var hash = network.State.Hash;
        network.State.Progress = network.State.Progress with { Estimated = 4 };
        Assert.NotEqual(hash, network.State.Hash);
        network.State.Progress = network.State.Progress with { Estimated = 3 };
        network.States.CloseEpoch(default);
        network.States.Flip();
        Train(network, 4, 5);
        Assert.Equal(3, network.State.Progress.Estimated);
        Train(network, 6, 6);
        Assert.Equal((2L, 0L), (network.State.Progress.Averaged, network.State.Progress.Estimated));
    }

    // Two layers of it, and dropout, which draws in training mode.
    private static Model Normed(bool cumulative = false) => new(
        new Shape(2, 3, 5), new BatchNorm2d { Cumulative = cumulative }, new Conv2d(7, 3), new BatchNorm2d { Cumulative = cumulative }, new ReLU(), new Dropout2d(0.3), new Flatten(), new Linear(3));

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

    private static void Estimate(Network network, ulong first, ulong last)
    {
        for (var step = first; step <= last; step++)
        {
            var slice = BatchSlice.Whole(11, 3);
            var (pixels, labels) = TestData.Samples(11, Plain.Input, 3, step);
            TestData.Load(network, slice, pixels, labels);
            TestData.Estimate(network, slice, step);
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
