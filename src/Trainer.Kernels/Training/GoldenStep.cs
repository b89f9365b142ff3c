using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Training;

/// <summary>
/// A small training whose state hash is known beforehand: a device that comes to another one does not compute the arithmetic that it goes by. Two steps, so that the second one
/// reads what the first has written: convolutions (by each kind of Winograd's tiles for 3 x 3, and without), batch norm, pooling, a linear layer, softmax, SGD with momentum.
/// </summary>
public static class GoldenStep
{
    private const int Samples = 16;
    private const int Shards = 4;
    private const int Steps = 2;
    private const int Classes = 10;
    private const ulong Seed = 2014;

    /// <summary>State hashes by numerics id. OpenCL devices each have an id of their own, so that nothing is known of them.</summary>
    public static IReadOnlyDictionary<string, ulong> Known { get; } = new Dictionary<string, ulong>(StringComparer.Ordinal) { [Numerics.Id] = 0x4d74f5f07f503226 };

    /// <summary>The state's hash after the steps.</summary>
    public static ulong Compute(Device device)
    {
        var model = new Model(
            new Shape(3, 12, 12),
            new Conv2d(16, 3) { AutoPadding = AutoPadding.Same }, new BatchNorm2d(), new ReLU(),
            new Conv2d(17, 3) { AutoPadding = AutoPadding.Same }, new BatchNorm2d(), new ReLU(), new MaxPool2d(2),
            new Conv2d(16, 3) { AutoPadding = AutoPadding.Same }, new BatchNorm2d(), new ReLU(),
            new Conv2d(12, 3) { Stride = 2 }, new BatchNorm2d(), new ReLU(), new Flatten(), new Linear(Classes));
        var slice = BatchSlice.Whole(Samples, Shards, Shards);
        using var network = new Network(model, device, new TrainingRecipe(new Sgd(LearningRate: 0.1, Momentum: 0.9)), new NetworkOptions(Samples, MaxGroups: Shards));
        network.Initialize(Seed);
        var cluster = new ClusterOfOne(network);
        for (var step = 1u; step <= Steps; step++)
        {
            Philox.FillUniform(network.Input, bound: 1, Seed, stream: step, RandomPurpose.InitialWeights);
            for (var sample = 0; sample < Samples; sample++)
            {
                network.Labels[sample] = (int)((sample + step) % Classes);
            }

            cluster.Run(slice, step);
            network.Apply(default(PassSums).With(network.Results));
            network.States.Flip();
        }

        return network.State.Hash;
    }

    /// <summary>What is wrong with the device, in words; null: nothing, or nothing is known of its arithmetic.</summary>
    /// <param name="known">As <see cref="Known"/>.</param>
    public static string? Refuse(Device device, IReadOnlyDictionary<string, ulong> known)
    {
        if (!known.TryGetValue(device.NumericsId, out var expected) || Compute(device) is var got && got == expected)
        {
            return null;
        }

        return $"Device {device.Name} ({device.Description}) computes wrong bits: the golden step under {device.NumericsId} ends with state hash {got:x16}, expected {expected:x16}. "
            + "Take this machine out of use and test its processor, memory and device; if every machine says this, the program is broken: report it with this line.";
    }
}
