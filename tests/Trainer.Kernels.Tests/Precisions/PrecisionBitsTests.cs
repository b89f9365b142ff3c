using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Devices;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Precisions;

/// <summary>
/// What a training gives up, it gives up alike everywhere: two steps have the same bits on any threads, instruction set and number of workers, and others
/// than exact ones.
/// </summary>
[Collection(CpuVariants.Serial)]
public class PrecisionBitsTests
{
    private const int Samples = 53, Shards = 16, Group = 2, Classes = 10;

    /// <summary>With batch norm, a product by Winograd and a shortcut.</summary>
    private static readonly Model Small = Model.FromJson(
        """
        [{"conv2d":{"out_channels":17,"kernel_size":[3],"padding":[1]}},{"batch_norm2d":{}},{"relu":{}},
         {"residual":{"layers":[{"conv2d":{"out_channels":17,"kernel_size":[3],"padding":[1]}},{"batch_norm2d":{}}]}},{"relu":{}},
         {"max_pool2d":{"kernel_size":[2]}},{"flatten":{}},{"linear":{"out_features":10}}]
        """,
        new Shape(1, 9, 11));

    public static TheoryData<ComputePrecision, GradientPrecision> Inexact =>
        [.. Precision.All.Where(precision => precision != Precision.Exact).Select(precision => (precision.Compute, precision.Gradients))];

    [Theory]
    [MemberData(nameof(Inexact))]
    public void On_any_device_and_workers(ComputePrecision compute, GradientPrecision gradients)
    {
        var (precision, variants) = (new Precision(compute, gradients), CpuVariants.Few);
        var expected = variants.MustBeAlike($"{precision}", device => Train(device, precision, workers: 1));
        foreach (var workers in new[] { 2, 3, 5 })
        {
            DeviceVariants.MustEqual($"{precision} on {workers} workers", expected, Train(variants.All[^1], precision, workers));
        }

        DeviceVariants.MustEqual($"{precision}, alone", expected, TrainAlone(variants.All[^1], precision));
        foreach (var other in Precision.All.Where(other => other != precision))
        {
            Assert.NotEqual(Train(variants.All[^1], other, workers: 1), expected);
        }
    }

    [Fact]
    public void Each_has_an_id_of_its_own()
    {
        var device = CpuVariants.Few.All[0];

        Assert.Equal(
            ["canonical-4", "canonical-4+bf16-gradients", "canonical-4+tf32-emulated", "canonical-4+tf32-emulated+bf16-gradients"],
            Precision.All.Select(precision => precision.NumericsIdOn(device)));
        Assert.Equal("reference+bf16-gradients", new Precision(Gradients: GradientPrecision.Bfloat16).NumericsIdOn(DeviceVariants.Reference));
        Assert.Null(new Precision(ComputePrecision.Tf32).NumericsIdOn(DeviceVariants.Reference));
    }

    [Fact]
    public void Gradients_are_rounded_once_and_running_statistics_never()
    {
        var (exact, rounded) = (Total(Precision.Exact), Total(new(Gradients: GradientPrecision.Bfloat16)));
        var parameters = ParameterLayout.Of(Small).ParameterElements;

        Assert.Equal(exact[..parameters].Select(Bfloat16.Round), rounded[..parameters]);
        Assert.Equal(exact[parameters..], rounded[parameters..]);
        Assert.Contains(rounded[parameters..], value => value != Bfloat16.Round(value));
    }

    [Fact]
    public void A_gradient_that_bfloat16_cannot_hold_stops_the_step()
    {
        float[] gradient = [1, float.MaxValue, float.MaxValue];
        ShardRange[] whole = [new(0, 1)];

        Assert.False(GradientTree.Fold([gradient], whole, shards: 1, samples: 1, new float[3], rounded: 2));
        Assert.True(GradientTree.Fold([gradient], whole, shards: 1, samples: 1, new float[3], rounded: 1));
    }

    private static float[] Total(Precision precision)
    {
        using var network = Alone(CpuVariants.Few.All[0], precision);
        var whole = BatchSlice.Whole(Samples, Shards, Group);
        Load(network, whole);
        Assert.True(new ClusterOfOne(network).Run(whole, 1));
        return network.Total.ToArray();
    }

    private static float[] TrainAlone(Device device, Precision precision)
    {
        using var network = Alone(device, precision);
        var cluster = new ClusterOfOne(network);
        var whole = BatchSlice.Whole(Samples, Shards, Group);
        for (var step = 1UL; step <= 2; step++)
        {
            Load(network, whole);
            Assert.True(cluster.Run(whole, step));
            network.Apply();
            network.States.Flip();
        }

        return network.Weights.ToArray();
    }

    private static float[] Train(Device device, Precision precision, int workers)
    {
        using var network = new Network(Small, device, Recipe(precision), new NetworkOptions(Samples, MaxRoots: Shards));
        network.Initialize(seed: 5);
        for (var step = 1UL; step <= 2; step++)
        {
            var (ranges, roots) = (new List<ShardRange>(), new List<Memory<float>>());
            for (var worker = 0; worker < workers; worker++)
            {
                const int units = Shards / Group;
                var cover = ShardTree.Cover(worker * units / workers * Group, (worker + 1) * units / workers * Group, Shards);
                var slice = new BatchSlice(Samples, Shards, cover, Group);
                Load(network, slice);
                network.ForwardBackward(slice, step);
                ranges.AddRange(slice.Roots);
                roots.AddRange(slice.Roots.Select((_, root) => network.Gradient(root).ToArray().AsMemory()));
            }

            Assert.True(GradientTree.Fold([.. roots], [.. ranges], Shards, Samples, network.Total, rounded: network.RoundedElements));
            network.Apply();
            network.States.Flip();
        }

        return network.Weights.ToArray();
    }

    private static Network Alone(Device device, Precision precision)
    {
        var network = new Network(Small, device, Recipe(precision), new NetworkOptions(Samples, MaxGroups: Shards));
        network.Initialize(seed: 5);
        return network;
    }

    private static TrainingRecipe Recipe(Precision precision) => new(new Sgd(0.05, Momentum: 0.9)) { Precision = precision, ClipGradNorm = 1 };

    private static void Load(Network network, BatchSlice slice)
    {
        var (pixels, labels) = TestData.Samples(Samples, Small.Input, Classes, seed: 3);
        TestData.Load(network, slice, pixels, labels);
    }
}
