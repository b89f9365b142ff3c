using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Devices;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Networks;

/// <summary>
/// Three steps of every network, narrow and on small images, come to the same bits on all devices (any number of threads, any instruction set), and cut among
/// 1, 2, 3 and 5 workers; and a sample's outputs do not depend on its neighbours.
/// </summary>
public abstract class NetworkBitsSuite(DeviceVariants variants)
{
    private const int Samples = 11, Shards = 5, Steps = 3;

    /// <summary>Images that leave every layer something to do.</summary>
    private static readonly Dictionary<string, Shape> Inputs = new(StringComparer.Ordinal)
    {
        ["cnn-rgb32"] = new(3, 32, 32),
        ["alexnet"] = new(1, 67, 71),
        ["nin"] = new(1, 67, 71),
        ["resnet50"] = new(3, 33, 35),
        ["vgg11"] = new(1, 32, 33),
        ["vgg13"] = new(2, 32, 32),
        ["vgg16"] = new(1, 32, 32),
        ["vgg19"] = new(1, 33, 32),
        ["googlenet"] = new(1, 33, 35),
        ["resnet18"] = new(1, 35, 33),
        ["resnet34"] = new(1, 33, 33),
        ["densenet"] = new(1, 35, 33),
    };

    public static TheoryData<string> Names => [.. Zoo.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Threads_and_instruction_sets(string name)
    {
        var model = ModelOf(name);
        var expected = Train(model, variants.Alike[0], workers: 1);
        foreach (var device in variants.Alike.Skip(1))
        {
            MustEqual($"{name} on {device.Description}", expected, Train(model, device, workers: 1));
        }
    }

    protected void MustNotDependOnWorkers(string name)
    {
        var (device, model) = (variants.All[^1], ModelOf(name));
        var expected = Train(model, device, workers: 1);
        foreach (var workers in new[] { 2, 3, 5 })
        {
            MustEqual($"{name} on {workers} workers", expected, Train(model, device, workers));
        }
    }

    protected void MustNotDependOnNeighbours(string name)
    {
        var (device, model) = (variants.All[^1], ModelOf(name));
        using var network = new Network(model, device, new Sgd(0.1), new NetworkOptions(Samples, Training: false));
        network.Initialize(seed: 5);
        var (pixels, _) = TestData.Samples(Samples, model.Input, model.Classes, seed: 3);
        var stride = (int)model.Input.Elements;
        pixels.CopyTo(network.Input);
        network.Infer(Samples);
        var together = network.Output.ToArray();
        for (var n = 0; n < Samples; n += 4)
        {
            pixels.AsSpan(n * stride, stride).CopyTo(network.Input);
            network.Infer(1);
            DeviceVariants.MustEqual($"{name}: sample {n}", together.AsSpan(n * model.Classes, model.Classes), network.Output);
        }
    }

    /// <summary>A width that keeps the time short, but leaves channel counts that are no multiples of vectors.</summary>
    private static Model ModelOf(string name)
    {
        var input = Inputs.GetValueOrDefault(name, new Shape(1, 28, 28));
        return NarrowZoo.Create(name, input, 7, new ZooOptions(Width: Inputs.ContainsKey(name) && name != "cnn-rgb32" ? 0.15 : 1));
    }

    /// <summary>Steps whose shards are cut among workers, one after another on the same device; every shard is a batch norm group.</summary>
    private static (ulong Hash, float[] Weights, float[] Losses) Train(Model model, Device device, int workers)
    {
        using var network = new Network(model, device, new Sgd(0.05, Momentum: 0.9), new NetworkOptions(Samples, MaxRoots: Shards));
        network.Initialize(seed: 5);
        var (pixels, labels) = TestData.Samples(Samples, model.Input, model.Classes, seed: 3);
        var (hash, losses) = (0UL, new List<float>());
        for (var step = 1UL; step <= Steps; step++)
        {
            var (ranges, roots) = (new List<ShardRange>(), new List<Memory<float>>());
            for (var worker = 0; worker < workers; worker++)
            {
                var cover = ShardTree.Cover(worker * Shards / workers, (worker + 1) * Shards / workers, Shards);
                var slice = new BatchSlice(Samples, Shards, cover, groupShards: 1);
                TestData.Load(network, slice, pixels, labels);
                network.ForwardBackward(slice, step);
                losses.AddRange(network.Results.Loss);
                ranges.AddRange(slice.Roots);
                roots.AddRange(slice.Roots.Select((_, root) => network.Gradient(root).ToArray().AsMemory()));
            }

            Assert.True(GradientTree.Fold([.. roots], [.. ranges], Shards, Samples, network.Total));
            network.Apply();
            hash = network.States.Flip();
        }

        return (hash, network.Weights.ToArray(), [.. losses]);
    }

    private static void MustEqual(
        string what, (ulong Hash, float[] Weights, float[] Losses) expected, (ulong Hash, float[] Weights, float[] Losses) found)
    {
        DeviceVariants.MustEqual($"{what}: loss", expected.Losses, found.Losses);
        DeviceVariants.MustEqual($"{what}: weights", expected.Weights, found.Weights);
        Assert.Equal(expected.Hash, found.Hash);
    }
}

[Collection(CpuVariants.Serial)]
public sealed class CpuNetworkBitsTests() : NetworkBitsSuite(CpuVariants.Few)
{
    [Theory]
    [MemberData(nameof(Names))]
    public void Workers(string name) => MustNotDependOnWorkers(name);

    [Theory]
    [MemberData(nameof(Names))]
    public void One_sample_alone_and_among_others(string name) => MustNotDependOnNeighbours(name);
}
