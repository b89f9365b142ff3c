using Trainer.Kernels;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Benchmarks;

/// <summary>A network whose training steps (forward, cross entropy, backward, SGD with momentum 0.9) are timed at the default number of shards.</summary>
/// <param name="Batch">That libtorch is timed on.</param>
internal sealed record TimedNetwork(string Name, int Batch, Shape Input)
{
    private const int Classes = 10;

    public static IReadOnlyList<TimedNetwork> All { get; } =
    [
        new("lenet", 256, new Shape(1, 28, 28)),
        new("cnn-rgb32", 256, new Shape(3, 32, 32)),
        new("mnistnet", 64, new Shape(1, 28, 28)),
        new("alexnet", 32, new Shape(1, 224, 224)),
        new("vgg11", 8, new Shape(1, 224, 224)),
        new("nin", 32, new Shape(1, 224, 224)),
        new("googlenet", 32, new Shape(1, 96, 96)),
        new("resnet18", 32, new Shape(1, 96, 96)),
        new("densenet", 32, new Shape(1, 96, 96)),
    ];

    public Model Model { get; } = Zoo.Create(Name, Input, Classes);

    public BatchSlice Slice
    {
        get
        {
            var shards = ShardTree.DefaultShards(Batch);
            return BatchSlice.Whole(Batch, shards, Model.GroupShards(Batch, shards));
        }
    }

    /// <summary>
    /// Floating-point operations that a step asks for, convolutions taken directly: a multiply-add per weight and output place, forward, for dw, and for dx behind
    /// the first layer with parameters.
    /// </summary>
    public double Flop
    {
        get
        {
            var forward = Model.Graph.Layers
                .Select(node => 2.0 * node.Layer.MultiplyAdds(node.Input.Shape))
                .Where(flop => flop > 0)
                .ToList();
            return ((3 * forward.Sum()) - forward[0]) * Batch;
        }
    }

    /// <summary>With images of noise.</summary>
    public Network Load(Device device)
    {
        var network = new Network(Model, device, new Sgd(0.01, Momentum: 0.9), new NetworkOptions(Batch));
        network.Initialize(0);
        Philox.FillUniform(network.Input, 1, seed: 0, stream: 0, default);
        for (var i = 0; i < Batch; i++)
        {
            network.Labels[i] = i * 7 % Classes;
        }

        return network;
    }
}
