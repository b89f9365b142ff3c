using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

public sealed class TrainingStateTests : IDisposable
{
    private const int Samples = 23;
    private const int Shards = 7;

    /// <summary>More than one chunk, batch norm's statistics, and a layer that draws.</summary>
    private static readonly Model Model = new(
        new Shape(2, 9, 7), new Conv2d(11, 3) { Padding = 1 }, new BatchNorm2d(), new ReLU(), new Dropout(0.3), new Flatten(), new Linear(97), new ReLU(), new Linear(5));

    private static readonly TrainingRecipe Recipe = new(new Adam(LearningRate: 0.01)) { ClipGradNorm = 1 };

    private readonly Device _device = CpuDevice.Create(2);

    private static BatchSlice Whole => BatchSlice.Whole(Samples, Shards, Shards);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void A_state_copied_by_chunks_has_the_same_hash_and_goes_on_with_the_same_bits()
    {
        using var network = Start(new NetworkOptions(Samples));
        Train(network, 1, 3);
        using var states = StatePair.Create(_device, network.Layout, Recipe.Optimizer);
        Copy(network.States, states);
        Assert.Equal(6, states.Current.Chunks);
        Assert.Equal((network.State.Hash, network.State.WeightsHash), (states.Current.Hash, states.Current.WeightsHash));
        Assert.Equal(network.State.OptimizerState.ToArray(), states.Current.OptimizerState.ToArray());

        using var joiner = new Network(Model, _device, Recipe, new NetworkOptions(Samples), states) { Seed = network.Seed };
        Assert.Equal(Train(network, 4, 5), Train(joiner, 4, 5));
        Assert.Equal(network.State.Progress.Chain, joiner.State.Progress.Chain);
        Assert.All(network.Layout.Counters, counter => Assert.Equal(5, joiner.BatchesTracked(counter)));
    }

    /// <summary>The average is one more buffer: it is copied, hashed and goes on like the others, and belongs to the progress.</summary>
    [Fact]
    public void A_state_with_an_average_is_copied_with_it_and_goes_on_with_the_same_bits()
    {
        var recipe = Recipe with { Averaging = new Ema(0.9) };
        using var network = new Network(Model, _device, recipe, new NetworkOptions(Samples));
        network.Initialize(5);
        Assert.Equal(network.Weights.ToArray(), network.State.ResultWeights.ToArray()); // There is no average yet.
        Train(network, 1, 1);
        Assert.Equal(network.Weights.ToArray(), network.State.ResultWeights.ToArray()); // The first one is a copy.
        Train(network, 2, 3);
        Assert.NotEqual(network.Weights.ToArray(), network.State.ResultWeights.ToArray());
        Assert.Equal(3, network.State.Progress.Averaged);

        using var states = StatePair.Create(_device, network.Layout, recipe);
        Copy(network.States, states);
        Assert.Equal(8, states.Current.Chunks);
        Assert.Equal(network.State.Hash, states.Current.Hash);
        Assert.Equal(network.State.ResultWeights.ToArray(), states.Current.ResultWeights.ToArray());
        Assert.Equal(network.State.OptimizerState.ToArray(), states.Current.OptimizerState.ToArray());
        using var joiner = new Network(Model, _device, recipe, new NetworkOptions(Samples), states) { Seed = network.Seed };
        Assert.Equal(Train(network, 4, 5), Train(joiner, 4, 5));
        Assert.Equal((network.State.Hash, network.State.Progress.Chain), (joiner.State.Hash, joiner.State.Progress.Chain));

        var hash = network.State.Hash;
        network.State.Progress = network.State.Progress with { Averaged = 4 };
        Assert.NotEqual(hash, network.State.Hash);
        using var without = StatePair.Create(_device, network.Layout, new RmsProp(Momentum: 0.5, Centered: true));
        var header = network.States.CopyOut().Header;
        Assert.Equal(
            "The header is of a state that has an average of the weights; the recipe has none.",
            Assert.Throws<CorruptStateException>(() => without.CopyIn(header.Span)).Message);
    }

    /// <summary>Weights and evaluation of the average are those of a network that has it as its weights; what is trained goes on without it.</summary>
    [Fact]
    public void An_evaluation_looks_at_the_average_and_training_does_not()
    {
        using var network = new Network(Model, _device, Recipe with { Averaging = new Ema(0.7) }, new NetworkOptions(Samples));
        using var plain = new Network(Model, _device, Recipe, new NetworkOptions(Samples));
        using var average = new Network(Model, _device, Recipe, new NetworkOptions(Samples, Training: false));
        network.Initialize(5);
        plain.Initialize(5);
        average.Initialize(5);
        for (var step = 1ul; step <= 4; step++)
        {
            Train(network, step, step);
            Train(plain, step, step);
            Assert.Equal(plain.Weights.ToArray(), network.Weights.ToArray());
            network.State.ResultWeights.CopyTo(average.EditWeights());
            network.Input.CopyTo(average.Input);
            network.Evaluate(Samples);
            average.Evaluate(Samples);
            Assert.Equal(average.Output.ToArray(), network.Output.ToArray());
        }
    }

    [Fact]
    public void A_chunk_that_differs_in_a_bit_shows_in_the_hash_and_so_does_the_progress()
    {
        using var network = Start(new NetworkOptions(Samples));
        Train(network, 1, 2);
        var (state, hash) = (network.State, network.State.Hash);
        for (var chunk = 0; chunk < state.Chunks; chunk++)
        {
            var values = new float[state.ElementsOf(chunk)];
            state.CopyTo(chunk, values);
            var changed = values.ToArray();
            changed[^1] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(changed[^1]) ^ 1);
            state.Restore(chunk, changed);
            Assert.NotEqual(hash, state.Hash);
            state.Restore(chunk, values);
            Assert.Equal(hash, state.Hash);
        }

        foreach (var other in new[]
        {
            state.Progress with { Step = 9 },
            state.Progress with { Samples = 9 },
            state.Progress with { OpenEpoch = state.Progress.OpenEpoch with { Correct = 9 } },
            state.Progress with { Epochs = [default] },
        })
        {
            var progress = state.Progress;
            state.Progress = other;
            Assert.NotEqual(hash, state.Hash);
            state.Progress = progress;
        }
    }

    [Fact]
    public void A_network_for_other_shares_goes_on_from_the_state_as_if_nothing_had_happened()
    {
        using var uninterrupted = Start(new NetworkOptions(Samples));
        Train(uninterrupted, 1, 3);
        var expected = Train(uninterrupted, 4, 6);

        using var states = StatePair.Create(_device, uninterrupted.Layout, Recipe.Optimizer);
        using (var whole = new Network(Model, _device, Recipe, new NetworkOptions(Samples), states))
        {
            whole.Initialize(5);
            Train(whole, 1, 3);
        }

        var allocated = _device.AllocatedMemory;
        var parts = new NetworkOptions(Samples, MaxRoots: 1) { Parts = new PartOptions(Shards, Samples, 0) };
        using (var rebuilt = new Network(Model, _device, Recipe, parts, states) { Seed = 5 })
        {
            Assert.Equal(expected, Train(rebuilt, 4, 6));
        }

        Assert.Equal(allocated, _device.AllocatedMemory);
        Assert.Equal(uninterrupted.State.Progress, states.Current.Progress);
    }

    [Fact]
    public void Roots_of_other_workers_give_the_state_of_one()
    {
        var model = new Model(new Shape(2, 9, 7), new Conv2d(11, 3), new ReLU(), new Flatten(), new Linear(5));
        using var one = new Network(model, _device, Recipe, new NetworkOptions(Samples));
        one.Initialize(5);
        using var states = StatePair.Create(_device, one.Layout, Recipe.Optimizer);
        states.Current.Initialize(model, 5);
        foreach (var roots in new ShardRange[][] { [new(0, 7)], [new(0, 4), new(4, 6), new(6, 7)], [new(0, 4), new(4, 7)] })
        {
            using var network = new Network(model, _device, Recipe, new NetworkOptions(Samples, roots.Length), states) { Seed = 5 };
            var step = states.Current.Progress.Step + 1;
            var (pixels, labels) = TestData.Samples(Samples, model.Input, 5, step);
            TestData.Load(one, BatchSlice.Whole(Samples, Shards), pixels, labels);
            var slice = new BatchSlice(Samples, Shards, roots);
            TestData.Load(network, slice, pixels, labels);
            network.ForwardBackward(slice, step);
            Assert.True(GradientTree.Fold([.. roots.Select((_, root) => network.Gradient(root).ToArray().AsMemory())], roots, Shards, Samples, network.Total));

            network.Apply();
            Assert.Equal(TestData.Step(one, BatchSlice.Whole(Samples, Shards), step), network.States.Flip());
        }
    }

    /// <summary>With clipping, what is frozen is left out of the norm. The total stays as it is: it may still be on its way to others.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_total_that_changed_since_it_was_made_is_not_applied(bool frozen)
    {
        var recipe = Recipe with { ParameterGroups = frozen ? [new ParameterGroup("0.*", Frozen: true)] : [] };
        using var network = new Network(Model, _device, recipe, new NetworkOptions(Samples));
        network.Initialize(5);
        network.Total.Fill(0.01f);
        var totals = new ulong[network.Layout.Chunks];
        for (var chunk = 0; chunk < totals.Length; chunk++)
        {
            var first = chunk * 65_536;
            totals[chunk] = HostHash.Of(network.Total.Slice(first, Math.Min(65_536, network.Total.Length - first)));
        }

        var made = network.Total.ToArray();
        network.Apply(totals: totals);
        var hash = network.States.Flip();
        network.States.FlipBack();
        Assert.Equal(made, network.Total);
        network.Total[^1] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(network.Total[^1]) ^ 1);
        Assert.StartsWith($"The total of chunk {totals.Length - 1} has changed in memory: ", Assert.Throws<CorruptStateException>(() => network.Apply(totals: totals)).Message);
        Assert.Throws<InvalidOperationException>(() => network.States.Flip());

        made.CopyTo(network.Total);
        network.Apply(totals: totals);
        Assert.Equal(hash, network.States.Flip());
    }

    [Fact]
    public void A_step_leaves_the_state_before_it_as_it_was()
    {
        using var network = Start(new NetworkOptions(Samples));
        Train(network, 1, 2);
        var (before, hash) = (network.State, network.State.Hash);

        Train(network, 3, 3);

        Assert.NotSame(before, network.State);
        Assert.Same(before, network.States.Other);
        Assert.Equal(hash, before.Hash);
    }

    [Fact]
    public void Chunks_of_a_wrong_length_are_refused_in_words()
    {
        using var state = new TrainingState(_device, ParameterLayout.Of(Model), 2);

        Assert.Equal(
            $"Chunk 0 of the state has 65536 elements, got 7.", Assert.Throws<ArgumentException>(() => state.Restore(0, new float[7])).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => state.CopyTo(6, new float[7]));
    }

    [Fact]
    public void States_of_another_model_are_refused()
    {
        using var states = StatePair.ForEvaluation(_device, ParameterLayout.Of(new Model(new Shape(3), new Linear(2))));

        Assert.StartsWith(
            "The states have 32 elements, the model needs ",
            Assert.Throws<ArgumentException>(() => new Network(Model, _device, Recipe, new NetworkOptions(1), states)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_epoch_is_closed_by_an_evaluation_and_stays_part_of_the_state()
    {
        var progress = default(TrainingProgress).Trained(new PassSums(2, 2, 1, 2, 2)).Trained(new PassSums(4, 2, 2, 2, 2));
        Assert.Equal((2UL, 2L, 4L, new PassSums(6, 4, 3, 4, 4)), (progress.Step, progress.Updates, progress.Samples, progress.LastEpoch));

        var closed = progress.Closed(new PassSums(5, 5, 4, 5, 5));
        Assert.Equal((3UL, 2L, 4L), (closed.Step, closed.Updates, closed.Samples));
        Assert.Equal([new EpochSums(new PassSums(6, 4, 3, 4, 4), new PassSums(5, 5, 4, 5, 5))], closed.Epochs);
        Assert.Equal(new PassSums(6, 4, 3, 4, 4), closed.LastEpoch);
        Assert.Equal(new PassSums(1, 1, 0, 1, 1), closed.Trained(new PassSums(1, 1, 0, 1, 1)).LastEpoch);
    }

    [Fact]
    public void An_evaluation_within_an_epoch_leaves_it_open_and_stays_part_of_the_state()
    {
        var progress = default(TrainingProgress).Trained(new PassSums(2, 2, 1, 2, 2)).Evaluated(new PassSums(5, 5, 4, 5, 5));
        Assert.Equal((2UL, 1L, 2L, new PassSums(2, 2, 1, 2, 2)), (progress.Step, progress.Updates, progress.Samples, progress.OpenEpoch));
        Assert.Empty(progress.Epochs);
        Assert.NotEqual(progress.Hash(7), (progress with { Evaluations = [new StepEvaluation(1, 1, new PassSums(5, 5, 3, 5, 5))] }).Hash(7));
        var later = progress.Closed(default).Trained(new PassSums(2, 2, 1, 2, 2)).Evaluated(new PassSums(3, 5, 4, 5, 5));
        Assert.Equal([new StepEvaluation(1, 1, new PassSums(5, 5, 4, 5, 5)), new StepEvaluation(2, 2, new PassSums(3, 5, 4, 5, 5))], later.Evaluations);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Evaluations_travel_with_the_state_and_leave_its_weights_alone(bool averages)
    {
        var recipe = averages ? Recipe with { Averaging = new Ema(0.5) } : Recipe;
        var layout = ParameterLayout.Of(Model);
        using var from = StatePair.Create(_device, layout, recipe);
        using var to = StatePair.Create(_device, layout, recipe);
        var weights = from.Current.WeightsHash;
        from.Evaluate(new PassSums(5, 5, 4, 5, 5));
        var hash = from.Flip();
        Copy(from, to);
        Assert.Equal(hash, to.Current.Hash);
        Assert.Equal([new StepEvaluation(1, 0, new PassSums(5, 5, 4, 5, 5))], to.Current.Progress.Evaluations);
        Assert.Equal(weights, to.Current.WeightsHash);
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

    /// <returns>The hash after the last step.</returns>
    private static ulong Train(Network network, ulong first, ulong last)
    {
        for (var step = first; step <= last; step++)
        {
            var (pixels, labels) = TestData.Samples(Samples, Model.Input, 5, step);
            TestData.Load(network, Whole, pixels, labels);
            TestData.Step(network, Whole, step);
        }

        return network.State.Hash;
    }

    private Network Start(NetworkOptions options)
    {
        var network = new Network(Model, _device, Recipe, options);
        network.Initialize(5);
        return network;
    }
}
