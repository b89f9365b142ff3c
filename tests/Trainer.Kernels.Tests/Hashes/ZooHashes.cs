using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Hashes;

/// <summary>
/// The state of each network of the zoo, in its full width, after two steps: images small enough for seconds and large enough for every layer, eight shards of three samples,
/// each a batch norm group.
/// </summary>
internal static class ZooHashes
{
    public const int Shards = 8;

    private const int Samples = 24;

    private const int Classes = 10;

    private const int Steps = 2;

    /// <summary>Where it is not what the network was made for.</summary>
    private static readonly Dictionary<string, Shape> Inputs = new(StringComparer.Ordinal)
    {
        ["alexnet"] = new(1, 96, 96),
        ["nin"] = new(1, 96, 96),
        ["vgg11"] = new(1, 64, 64),
        ["vgg13"] = new(1, 32, 32),
        ["vgg16"] = new(1, 32, 32),
        ["vgg19"] = new(1, 32, 32),
        ["resnet34"] = new(1, 64, 64),
        ["resnet50"] = new(3, 64, 64),
    };

    public static string Of(string name, Device device, int workers = 1)
    {
        var model = Zoo.Create(name, Inputs.TryGetValue(name, out var input) ? input : Zoo.Entries.Single(entry => entry.Name == name).Input, Classes);
        using var network = new Network(model, device, new Sgd(0.01, Momentum: 0.9), new NetworkOptions(Samples, MaxRoots: Shards));
        network.Initialize(seed: 7);
        for (var step = 1u; step <= Steps; step++)
        {
            Step(network, workers, step);
        }

        return $"{network.State.Hash:x16}";
    }

    /// <summary>A step whose shards are cut among workers, one after another on the same device.</summary>
    private static void Step(Network network, int workers, uint step)
    {
        var (ranges, roots) = (new List<ShardRange>(), new List<Memory<float>>());
        for (var worker = 0; worker < workers; worker++)
        {
            var cover = ShardTree.Cover(worker * Shards / workers, (worker + 1) * Shards / workers, Shards);
            var slice = new BatchSlice(Samples, Shards, cover, groupShards: 1);
            Load(network, slice, step);
            network.ForwardBackward(slice, step);
            ranges.AddRange(slice.Roots);
            roots.AddRange(slice.Roots.Select((_, root) => network.Gradient(root).ToArray().AsMemory()));
        }

        if (!GradientTree.Fold([.. roots], [.. ranges], Shards, Samples, network.Total))
        {
            throw new InvalidOperationException($"The gradient of {network.Model.Graph.Layers.Count()} layers is not finite.");
        }

        network.Apply();
        network.States.Flip();
    }

    private static void Load(Network network, BatchSlice slice, uint step)
    {
        var (pixels, at) = (new float[Samples * network.Model.Input.Elements], 0);
        var stride = (int)network.Model.Input.Elements;
        Philox.FillUniform(pixels, bound: 1, seed: 7, stream: step, RandomPurpose.InitialWeights);
        foreach (var root in slice.Roots)
        {
            for (var sample = root.Lo * Samples / Shards; sample < root.Hi * Samples / Shards; sample++, at++)
            {
                pixels.AsSpan(sample * stride, stride).CopyTo(network.Input[(at * stride)..]);
                network.Labels[at] = (int)((sample * 7) + step) % Classes;
            }
        }
    }
}
