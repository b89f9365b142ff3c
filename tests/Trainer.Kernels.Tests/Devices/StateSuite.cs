using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>A training's state has one hash for each step, however it came about: computed, computed again after a flip back, or copied from another holder.</summary>
public abstract class StateSuite(DeviceVariants variants)
{
    private const int Samples = 13, Shards = 3, Steps = 12;

    /// <summary>Several chunks, statistics that count their batches, and a layer that draws.</summary>
    private static readonly Model Model = new(
        new Shape(2, 5, 7), new Conv2d(11, 3) { Padding = 1 }, new BatchNorm2d { Cumulative = true }, new ReLU(), new Dropout(0.3), new Flatten(), new Linear(173), new Linear(5));

    private static readonly TrainingRecipe Recipe = new(new Adam(LearningRate: 0.01)) { ClipGradNorm = 1 };

    private static BatchSlice Whole => BatchSlice.Whole(Samples, Shards, Shards);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 5)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Flips_back_and_copies_lead_to_the_state_of_who_went_straight_on(int seed)
    {
        var expected = HashesOf(variants.Alike[0]);
        foreach (var device in variants.All)
        {
            var random = new Random(seed);
            using var one = Start(device);
            using var two = Start(device);
            var (network, other) = (one, two);
            while (network.State.Progress.Step < Steps)
            {
                Step(network);
                if (random.Next(3) == 0)
                {
                    network.States.FlipBack();
                    Assert.Throws<InvalidOperationException>(network.States.FlipBack);
                }

                if (random.Next(3) == 0)
                {
                    Copy(network.States, other.States, random);
                    (network, other) = (other, network);
                }

                Assert.All(network.States.Held, state => Assert.Equal(expected[state.Step], state.Hash));
                Assert.Equal(network.States.Held, network.States.HashAgain());
            }
        }
    }

    [Fact]
    public void A_reader_gets_the_state_that_it_began_with_whatever_training_does_meanwhile()
    {
        foreach (var device in variants.All)
        {
            using var network = Start(device);
            Step(network);
            using var states = StatePair.Create(device, network.Layout, Recipe.Optimizer);
            using var reader = network.States.CopyOut();
            using var slow = network.States.CopyOut();
            using var gone = network.States.CopyOut();
            var chunks = new float[reader.Chunks][];
            void Read(int chunk) => reader.Read(chunk, chunks[chunk] = new float[reader.ElementsOf(chunk)]);

            Read(1);
            Step(network);
            Read(0);
            gone.Dispose();
            Step(network);
            Step(network);
            Read(2);
            Parallel.For(3, reader.Chunks, Read);

            var writer = states.CopyIn(reader.Header.Span);
            Assert.All(Enumerable.Range(0, reader.Chunks), chunk => writer.Write(chunk, chunks[chunk]));
            writer.Complete(reader.Hash);
            Assert.Equal(new StateHash(reader.Step, reader.Hash), states.Held.Single());
            Assert.Throws<InvalidOperationException>(() => Read(0));
            Assert.Throws<InvalidOperationException>(() => gone.Read(0, new float[gone.ElementsOf(0)]));

            network.Dispose();
            var late = new float[slow.ElementsOf(1)];
            slow.Read(1, late);
            Assert.Equal(chunks[1], late);
        }
    }

    [Fact]
    public void A_torn_or_changed_copy_is_found_and_the_current_state_stays()
    {
        foreach (var device in variants.All)
        {
            using var network = Start(device);
            Step(network);
            using var states = StatePair.Create(device, network.Layout, Recipe.Optimizer);
            var before = states.Held;
            using var reader = network.States.CopyOut();
            var writer = states.CopyIn(reader.Header.Span);
            var values = new float[StateReader.MaxElements];
            for (var chunk = 0; chunk < reader.Chunks; chunk++)
            {
                if (chunk == 2)
                {
                    Assert.Equal(
                        $"The copy of the state after step 1 is torn: {reader.Chunks - 2} of its {reader.Chunks} chunks are missing, the first is 2.",
                        Assert.Throws<CorruptStateException>(() => writer.Complete(reader.Hash)).Message);
                }

                var elements = values.AsSpan(0, reader.ElementsOf(chunk));
                reader.Read(chunk, elements);
                elements[^1] += chunk == 1 ? 1 : 0;
                writer.Write(chunk, elements);
                elements[^1] -= chunk == 1 ? 1 : 0;
            }

            Assert.EndsWith($"the agreed one is {reader.Hash:x16}.", Assert.Throws<CorruptStateException>(() => writer.Complete(reader.Hash)).Message, StringComparison.Ordinal);
            Assert.Equal(before, states.Held);
        }
    }

    [Fact]
    public void An_apply_that_reads_changed_memory_is_not_flipped_and_hashing_again_names_the_state()
    {
        foreach (var device in variants.All)
        {
            using var network = Start(device);
            Step(network);
            var held = network.States.Held;
            var weight = network.State.Buffers[0].Slice(7, 1);
            device.Write(weight, [device.Read(weight)[0] + 1]);

            var again = network.States.HashAgain();
            Assert.NotEqual(held[0], again[0]);
            Assert.Equal(held[1], again[1]);

            Forward(network);
            var applied = network.Apply();
            Assert.Equal(again[0], applied.Read);
            Assert.StartsWith("The state after step 1 has changed in memory: ", Assert.Throws<CorruptStateException>(() => network.States.Flip()).Message, StringComparison.Ordinal);
            Assert.Equal(held[0], network.States.Held.Single());
        }
    }

    [Fact]
    public void Headers_of_other_states_and_versions_are_refused_in_words()
    {
        var device = variants.All[0];
        using var network = Start(device);
        using var reader = network.States.CopyOut();
        using var states = StatePair.Create(device, network.Layout, new Sgd(1));
        using var other = StatePair.Create(device, network.Layout, Recipe.Optimizer);
        string Refused(StatePair to, byte[] header) => Assert.Throws<CorruptStateException>(() => to.CopyIn(header)).Message;
        byte[] Changed(int at, byte value) => [.. reader.Header[..at].Span, value, .. reader.Header[(at + 1)..].Span];

        var elements = network.Layout.Elements;
        Assert.Equal(
            $"The header is of a state of 3 buffers of {elements} elements; the model and its optimizer have 1 of {elements}.", Refused(states, reader.Header.ToArray()));
        Assert.Equal("What should be the header of a state is none.", Refused(other, Changed(0, 0)));
        Assert.Equal("The header of a state has version 9; this program reads version 1.", Refused(other, Changed(8, 9)));
        for (var length = 0; length < reader.Header.Length; length++)
        {
            Assert.StartsWith($"The header of a state ends after {length} bytes", Refused(other, reader.Header[..length].ToArray()), StringComparison.Ordinal);
        }

        Assert.StartsWith($"The header of a state has {reader.Header.Length + 8} bytes", Refused(other, [.. reader.Header.Span, .. new byte[8]]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_that_an_apply_overtakes_is_given_up()
    {
        using var network = Start(variants.All[0]);
        using var reader = network.States.CopyOut();
        var writer = network.States.CopyIn(reader.Header.Span);
        Step(network);

        Assert.Throws<InvalidOperationException>(() => writer.Write(0, new float[writer.ElementsOf(0)]));
    }

    /// <summary>Of the states after each step, of a training that nothing disturbs.</summary>
    private static ulong[] HashesOf(Device device)
    {
        using var network = Start(device);
        var hashes = new List<ulong> { network.State.Hash };
        while (hashes.Count <= Steps)
        {
            Step(network);
            hashes.Add(network.State.Hash);
        }

        return [.. hashes];
    }

    private static Network Start(Device device)
    {
        var network = new Network(Model, device, Recipe, new NetworkOptions(Samples, MaxGroups: Shards));
        network.Initialize(5);
        network.TrackBatchesFrom("1.num_batches_tracked", 3);
        return network;
    }

    /// <summary>A batch, or every fourth time an evaluation: what it is depends on the state alone.</summary>
    private static void Step(Network network)
    {
        if (network.State.Progress.Step % 4 == 3)
        {
            network.States.CloseEpoch(new PassSums(network.State.Progress.Step, 2, 1, 2, 2));
        }
        else
        {
            Forward(network);
            network.Apply(default(PassSums).With(network.Results));
        }

        network.States.Flip();
    }

    private static void Forward(Network network)
    {
        var step = network.State.Progress.Step + 1;
        var (pixels, labels) = TestData.Samples(Samples, Model.Input, 5, step);
        TestData.Load(network, Whole, pixels, labels);
        network.ForwardBackward(Whole, step);
        Assert.True(GradientTree.Fold([network.Gradient(0).ToArray()], [.. Whole.Roots], Shards, Samples, network.Total));
    }

    /// <summary>In any order of chunks.</summary>
    private static void Copy(StatePair from, StatePair to, Random random)
    {
        using var reader = from.CopyOut();
        var writer = to.CopyIn(reader.Header.Span);
        var chunks = Enumerable.Range(0, reader.Chunks).ToArray();
        random.Shuffle(chunks);
        var values = new float[StateReader.MaxElements];
        foreach (var chunk in chunks)
        {
            var elements = values.AsSpan(0, reader.ElementsOf(chunk));
            reader.Read(chunk, elements);
            writer.Write(chunk, elements);
        }

        writer.Complete(reader.Hash);
    }
}

[Collection(CpuVariants.Serial)]
public sealed class CpuStateTests() : StateSuite(CpuVariants.Few);
