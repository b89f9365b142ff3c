using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Layers;

/// <summary>Every layer's gradients, by itself and within networks, against central differences; one thin class per device.</summary>
public abstract class LayerGradientTests
{
    public static TheoryData<string, Layer, Shape> SingleLayers => new()
    {
        { "conv2d", new Conv2d(3, 3), new Shape(2, 5, 7) },
        { "conv2d 1x1", new Conv2d(3, 1), new Shape(5, 3, 2) },
        { "conv2d odd kernel", new Conv2d(2, (2, 5)) { Padding = (0, 3) }, new Shape(3, 5, 4) },
        { "conv2d stride", new Conv2d(3, (3, 2)) { Stride = (2, 3), Padding = (1, 0) }, new Shape(2, 7, 11) },
        { "conv2d no bias", new Conv2d(2, 3) { Bias = false, Padding = 2 }, new Shape(1, 3, 5) },
        { "avg_pool2d", new AvgPool2d(2), new Shape(3, 5, 7) },
        { "avg_pool2d overlap", new AvgPool2d(3) { Stride = (2, 1), Padding = 1 }, new Shape(2, 5, 7) },
        { "linear", new Linear(7), new Shape(13) },
        { "linear no bias", new Linear(3) { Bias = false }, new Shape(5) },
        { "sigmoid", new Sigmoid(), new Shape(3, 5) },
    };

    public static TheoryData<string, Module[]> Networks => new()
    {
        {
            "sigmoids between layers that take them in",
            [new Conv2d(3, 3), new Sigmoid(), new AvgPool2d(2), new Conv2d(2, 2), new Sigmoid(), new Flatten(), new Linear(4)]
        },
        { "sigmoid first", [new Sigmoid(), new Flatten(), new Linear(5)] },
        { "sigmoid last", [new Flatten(), new Linear(5), new Sigmoid()] },
        { "sigmoid behind pooling", [new Conv2d(2, 3), new AvgPool2d(2), new Sigmoid(), new Flatten(), new Linear(3)] },
        { "two sigmoids", [new Flatten(), new Linear(5), new Sigmoid(), new Sigmoid(), new Linear(3)] },
        { "sigmoid behind flatten", [new Conv2d(2, 3), new Flatten(), new Sigmoid(), new Linear(3)] },
        { "nested sequence", [new Sequential(new Conv2d(2, 3), new Sigmoid()), new Sequential(new Flatten(), new Linear(3))] },
        { "pooling first", [new AvgPool2d(3), new Conv2d(2, 2), new Sigmoid(), new Flatten(), new Linear(3) { Bias = false }] },
    };

    protected abstract Device Open();

    [Theory]
    [MemberData(nameof(SingleLayers))]
    public void Of_a_layer(string name, Layer layer, Shape input)
    {
        using var device = Open();
        new LayerRun(device, layer, input, new BatchSlice(7, 3, [new ShardRange(0, 2), new ShardRange(2, 3)])).Check(name);
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Of_the_weights_of_a_network(string name, Module[] layers)
    {
        using var device = Open();
        var model = new Model(new Shape(2, 7, 7), layers);
        using var network = new Network(model, device, new Sgd(1), new NetworkOptions(5));
        network.Initialize(seed: 11);
        var slice = BatchSlice.Whole(5, 2);
        var (pixels, labels) = TestData.Samples(5, model.Input, model.Classes, seed: 13);
        TestData.Load(network, slice, pixels, labels);
        network.ForwardBackward(slice, 1);
        var checker = new GradientChecker(() =>
        {
            network.Evaluate(5);
            return network.SampleLoss.ToArray().Sum(loss => (double)loss);
        });
        var gradient = network.Gradient(0).ToArray();
        foreach (var slot in network.Layout.Slots)
        {
            checker.Check($"{name}: {slot.Name}", network.Weights.Slice(slot.Offset, slot.Elements), gradient.AsSpan(slot.Offset, slot.Elements));
        }
    }
}

public sealed class ReferenceLayerGradientTests : LayerGradientTests
{
    protected override Device Open() => new ReferenceDevice();
}

public sealed class CpuLayerGradientTests : LayerGradientTests
{
    protected override Device Open() => Device.Cpu(2);
}
