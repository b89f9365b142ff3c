using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

/// <summary>Batches that do not fit a device's memory: run in parts with the same bits, or refused before anything is allocated.</summary>
public class NetworkFitTests
{
    private const int Samples = 83;
    private const int Shards = 16;

    private static readonly Model Model = ModelOf(new BatchNorm2d());

    private static readonly TrainingRecipe Recipe = new(new Adam(LearningRate: 0.01))
    {
        Loss = new CrossEntropy(ClassWeights: [1, 2, 0.5, 1, 3]),
        ClipGradNorm = 1,
    };

    private static BatchSlice Whole => BatchSlice.Whole(Samples, Shards, Model.GroupShards(Samples, Shards));

    private static NetworkOptions Options => new(Samples, MaxGroups: Shards);

    [Fact]
    public void What_is_planned_is_what_is_allocated()
    {
        using var device = CpuDevice.Create(1);
        foreach (var parts in new PartOptions?[] { null, new(4, 23, 2) })
        {
            var options = Options with { Parts = parts };
            using var network = new Network(Model, device, Recipe, options);

            var needed = LeastLimit(device.AllocatedMemory * 2, limit => Fits(limit, options));
            Assert.Equal(device.AllocatedMemory, needed);
        }

        bool Fits(long limit, NetworkOptions options)
        {
            using var other = CpuDevice.Create(1);
            other.MemoryLimit = limit;
            return NetworkFit.Of(Model, other, Recipe, options, [Whole]) == options;
        }
    }

    [Theory]
    [InlineData(true, new[] { 8 })]
    [InlineData(false, new[] { 8, 4, 2, 1 })]
    public void Parts_have_the_bits_of_the_whole_batch(bool hasBatchNorm, int[] parts)
    {
        var model = hasBatchNorm ? Model : ModelOf(new ReLU());
        using var device = CpuDevice.Create(2);
        var whole = TwoSteps(model, device, Options);
        foreach (var shards in parts)
        {
            var options = PlanOf(model, device, shards);
            var run = TwoSteps(model, device, options);

            Assert.True(options.Parts!.Samples < Samples * 2 * shards / Shards);
            Assert.Equal(whole.Hash, run.Hash);
            Assert.Equal(whole.Losses, run.Losses);
            Assert.Equal(whole.Outputs, run.Outputs);
        }
    }

    [Fact]
    public void Estimates_in_parts_have_the_bits_of_the_whole_batch()
    {
        using var device = CpuDevice.Create(2);
        var parts = PlanOf(Model, device, shards: 8);
        Assert.NotNull(parts.Parts);
        Assert.Equal(HashOf(Options), HashOf(parts));

        ulong HashOf(NetworkOptions options)
        {
            var slice = BatchSlice.Whole(Samples, Shards, Model.GroupShards(Samples, Shards));
            using var network = new Network(Model, device, Recipe with { Averaging = new Swa(StartEpoch: 1) }, options) { StepsPerEpoch = 1 };
            network.Initialize(seed: 7);
            var (pixels, labels) = TestData.Samples(Samples, Model.Input, Model.Classes, seed: 3);
            TestData.Load(network, slice, pixels, labels);
            TestData.Step(network, slice);
            TestData.Load(network, slice, pixels, labels);
            TestData.Estimate(network, slice);
            return network.State.Hash;
        }
    }

    [Fact]
    public void A_group_that_does_not_fit_is_refused_with_the_bytes()
    {
        using var device = CpuDevice.Create(1);
        device.MemoryLimit = 12_345;

        var refused = Assert.Throws<DeviceMemoryException>(() => NetworkFit.Of(Model, device, Recipe, Options, [Whole]));

        Assert.Matches(
            @"^cpu: the network needs [\d,]+ bytes for one group of 8 shards \(42 samples\), 12,345 are available\. More shards, smaller batches", refused.Message);
        Assert.Equal(0, device.AllocatedMemory);
    }

    [Fact]
    public void Without_a_limit_a_cpu_plans_whole_batches()
    {
        using var device = CpuDevice.Create(1);

        Assert.Same(Options.Parts, NetworkFit.Of(Model, device, Recipe, Options, [Whole]).Parts);
    }

    private static Model ModelOf(Layer second) =>
        new(new Shape(2, 9, 7), new Conv2d(11, 3) { Padding = 1 }, second, new ReLU(), new Dropout(0.3), new Flatten(), new Linear(5));

    /// <summary>The options under the largest limit that leads to parts of so many shards.</summary>
    private static NetworkOptions PlanOf(Model model, Device device, int shards)
    {
        var slice = BatchSlice.Whole(Samples, Shards, model.GroupShards(Samples, Shards));
        for (var limit = 2_000_000L; ; limit -= limit / 100)
        {
            device.MemoryLimit = limit;
            var options = NetworkFit.Of(model, device, Recipe, Options, [slice]);
            device.MemoryLimit = null;
            if (options.Parts?.Shards == shards)
            {
                return options;
            }
        }
    }

    private static (ulong Hash, float[] Losses, float[] Outputs) TwoSteps(Model model, Device device, NetworkOptions options)
    {
        var slice = BatchSlice.Whole(Samples, Shards, model.GroupShards(Samples, Shards));
        using var network = new Network(model, device, Recipe, options);
        network.Initialize(7);
        var (pixels, labels) = TestData.Samples(Samples, model.Input, 5, seed: 3);
        TestData.Load(network, slice, pixels, labels);
        TestData.Step(network, slice);
        var losses = network.Results.Loss.ToArray();
        var hash = TestData.Step(network, slice, 2);
        network.Infer(Samples);
        return (hash, losses, network.Output.ToArray());
    }

    /// <summary>The least limit that suffices, found by halving.</summary>
    private static long LeastLimit(long enough, Func<long, bool> suffices)
    {
        var less = 0L;
        while (enough - less > 1)
        {
            var middle = (less + enough) / 2;
            bool fits;
            try
            {
                fits = suffices(middle);
            }
            catch (DeviceMemoryException)
            {
                fits = false;
            }

            (less, enough) = fits ? (less, middle) : (middle, enough);
        }

        return enough;
    }
}
