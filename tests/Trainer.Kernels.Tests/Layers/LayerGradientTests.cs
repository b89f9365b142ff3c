using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Layers;

/// <summary>
/// Every layer by itself against its naive version in double precision, and within networks against central differences; one thin class per device.
/// </summary>
public abstract class LayerGradientTests
{
    public static TheoryData<string, Layer, Shape> SingleLayers => new()
    {
        { "conv2d", new Conv2d(3, 3), new Shape(2, 5, 7) },
        { "conv2d 1x1", new Conv2d(3, 1), new Shape(5, 3, 2) },
        { "conv2d odd kernel", new Conv2d(2, (2, 5)) { Padding = (0, 3) }, new Shape(3, 5, 4) },
        { "conv2d stride", new Conv2d(3, (3, 2)) { Stride = (2, 3), Padding = (1, 0) }, new Shape(2, 7, 11) },
        { "conv2d no bias", new Conv2d(2, 3) { Bias = false, Padding = 2 }, new Shape(1, 3, 5) },
        { "conv2d dilation", new Conv2d(2, (3, 2)) { Dilation = (2, 3), Padding = 1 }, new Shape(2, 6, 5) },
        { "conv2d groups", new Conv2d(6, 3) { Groups = 2, Padding = 1 }, new Shape(4, 3, 5) },
        { "conv2d depthwise", new Conv2d(3, (3, 2)) { Groups = 3, Stride = 2 }, new Shape(3, 5, 4) },
        { "conv2d same", new Conv2d(2, (2, 4)) { AutoPadding = AutoPadding.Same }, new Shape(2, 3, 5) },
        { "max_pool2d", new MaxPool2d(2), new Shape(3, 5, 7) },
        { "max_pool2d overlap", new MaxPool2d(3) { Stride = (2, 1), Padding = 1 }, new Shape(2, 5, 4) },
        { "max_pool2d options", new MaxPool2d((2, 3)) { Stride = 2, Dilation = (2, 1), CeilMode = true }, new Shape(2, 5, 6) },
        { "avg_pool2d", new AvgPool2d(2), new Shape(3, 5, 7) },
        { "avg_pool2d overlap", new AvgPool2d(3) { Stride = (2, 1), Padding = 1 }, new Shape(2, 5, 7) },
        { "avg_pool2d options", new AvgPool2d(3) { Stride = 2, Padding = 1, CeilMode = true, CountIncludePad = false }, new Shape(2, 4, 6) },
        { "adaptive_avg_pool2d", new AdaptiveAvgPool2d((3, 2)), new Shape(2, 5, 7) },
        { "adaptive_avg_pool2d global", new AdaptiveAvgPool2d(1), new Shape(3, 3, 5) },
        { "adaptive_max_pool2d", new AdaptiveMaxPool2d((2, 3)), new Shape(2, 5, 4) },
        { "local_response_norm", new LocalResponseNorm(3) { Alpha = 0.9, Beta = 0.6, K = 0.8 }, new Shape(5, 2, 3) },
        { "local_response_norm of even size", new LocalResponseNorm(4) { Alpha = 0.9 }, new Shape(5, 3, 2) },
        { "zero_pad2d", new ZeroPad2d((2, 0, 1, 3)), new Shape(3, 2, 5) },
        { "linear", new Linear(7), new Shape(13) },
        { "linear no bias", new Linear(3) { Bias = false }, new Shape(5) },
        { "batch_norm2d", new BatchNorm2d(), new Shape(3, 2, 5) },
        { "batch_norm2d options", new BatchNorm2d { Affine = false, Eps = 0.1 }, new Shape(2, 3, 1) },
        { "batch_norm1d", new BatchNorm1d(), new Shape(7) },
        { "group_norm", new GroupNorm(2), new Shape(6, 2, 3) },
        { "group_norm features", new GroupNorm(3) { Affine = false }, new Shape(12) },
        { "dropout", new Dropout(0.3), new Shape(2, 3, 5) },
        { "dropout2d", new Dropout2d(0.5), new Shape(7, 2, 3) },
        { "relu", new ReLU(), new Shape(3, 5) },
        { "leaky_relu", new LeakyReLU(0.2), new Shape(3, 5) },
        { "leaky_relu down", new LeakyReLU(-0.5), new Shape(7) },
        { "elu", new ELU(), new Shape(3, 5) },
        { "elu alpha", new ELU(0.4), new Shape(7) },
        { "elu upside down", new ELU(-0.5), new Shape(7) },
        { "relu6", new ReLU6(), new Shape(3, 5) },
        { "hardsigmoid", new Hardsigmoid(), new Shape(3, 5) },
        { "hardswish", new Hardswish(), new Shape(3, 5) },
        { "prelu", new PReLU { Init = 0.3 }, new Shape(3, 2, 5) },
        { "prelu of channels", new PReLU(3), new Shape(3, 5, 2) },
        { "prelu of features", new PReLU(7), new Shape(7) },
        { "sigmoid", new Sigmoid(), new Shape(3, 5) },
        { "tanh", new Tanh(), new Shape(3, 5) },
        { "gelu", new GELU(), new Shape(3, 5) },
        { "gelu tanh", new GELU { Approximate = GeluApproximation.Tanh }, new Shape(3, 5) },
        { "silu", new SiLU(), new Shape(3, 5) },
        { "softmax", new Softmax(), new Shape(5) },
        { "softmax of channels", new Softmax(), new Shape(3, 2, 5) },
        { "log_softmax", new LogSoftmax(), new Shape(3, 5, 2) },
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
        { "derivatives of the input", [new Conv2d(3, 3), new GELU(), new Conv2d(2, 2), new SiLU(), new Flatten(), new Linear(4)] },
        {
            "residual",
            [new Conv2d(3, 3), new Tanh(), new Residual(new Conv2d(3, 3) { Padding = 1 }), new Tanh(), new Flatten(), new Linear(3)]
        },
        { "residual of the images", [new Residual(new Conv2d(2, 1), new Sigmoid()), new Flatten(), new Linear(3)] },
        {
            "residual with shortcut",
            [
                new Conv2d(2, 2), new Sigmoid(),
                new Residual(new Conv2d(3, 3), new Tanh(), new Conv2d(3, 1)) { Shortcut = [new Conv2d(3, 3)] },
                new Sigmoid(), new Flatten(), new Linear(3),
            ]
        },
        {
            "residual in residual",
            [new Conv2d(3, 2), new Residual(new Residual(new Conv2d(3, 1)), new SiLU()), new Flatten(), new Linear(3)]
        },
        {
            "concat",
            [
                new Conv2d(2, 3), new Tanh(),
                new Concat([new Conv2d(3, 1), new Sigmoid()], [new AvgPool2d(3) { Stride = 1, Padding = 1 }, new Conv2d(1, 1)], []),
                new Conv2d(2, 3), new Sigmoid(), new Flatten(), new Linear(3),
            ]
        },
        {
            "dense block",
            [
                new Conv2d(2, 3),
                new Concat([], [new BatchNorm2d(), new Tanh(), new Conv2d(2, 3) { Padding = 1 }]),
                new Concat([], [new BatchNorm2d(), new Tanh(), new Conv2d(3, 3) { Padding = 1 }]),
                new BatchNorm2d(), new AdaptiveAvgPool2d(1), new Flatten(), new Linear(3),
            ]
        },
        {
            "concat of the same",
            [
                new Conv2d(2, 3), new Concat([], [], [new Sigmoid()]), new Concat([new Tanh()], [new Concat([], [new Conv2d(1, 1)])]), new Flatten(),
                new Linear(3),
            ]
        },
        {
            "squeeze and excitation",
            [
                new Conv2d(3, 2), new Tanh(),
                new Residual(new Multiply([new Conv2d(3, 1)], [new AdaptiveAvgPool2d(1), new Conv2d(2, 1), new SiLU(), new Conv2d(3, 1), new Sigmoid()])), new Sigmoid(),
                new Flatten(), new Linear(3),
            ]
        },
        { "square, gate first", [new Conv2d(2, 2), new Multiply([new AdaptiveAvgPool2d(1)], [], []), new Tanh(), new Flatten(), new Linear(3)] },
        { "products of features and images", [new Multiply([new Conv2d(2, 2)], [new Conv2d(2, 2), new Sigmoid()]), new AdaptiveAvgPool2d(2), new Flatten(), new Multiply([], [new Linear(8), new Tanh()]), new Linear(3)] },
        {
            "concat of residuals, residual of concats",
            [
                new Conv2d(2, 2),
                new Concat([new Residual(new Conv2d(2, 1))], [new Residual(new Tanh()), new Sigmoid()]),
                new Residual(new Concat([new Conv2d(3, 1)], [new Conv2d(1, 1), new Tanh()])),
                new Flatten(), new Linear(3),
            ]
        },
        {
            "batch norm and dropout",
            [
                new Conv2d(3, 3) { Bias = false }, new BatchNorm2d(), new Sigmoid(), new Dropout2d(0.3), new Flatten(), new Dropout(0.4),
                new Linear(5), new BatchNorm1d(), new Tanh(), new Linear(3),
            ]
        },
        { "group norm", [new Conv2d(4, 3), new GroupNorm(2), new SiLU(), new AdaptiveAvgPool2d((2, 1)), new Flatten(), new Linear(3)] },
        { "log_softmax last", [new Flatten(), new Linear(5), new LogSoftmax()] },
    };

    protected abstract Device Open();

    [Theory]
    [MemberData(nameof(SingleLayers))]
    public void Of_a_layer(string name, Layer layer, Shape input)
    {
        using var device = Open();
        var slice = new BatchSlice(7, 3, [new ShardRange(0, 2), new ShardRange(2, 3)], groupShards: 2);
        GradientChecker.Check(name, new LayerRun(device, layer, input, slice, (tensor, values) =>
            TestData.Values(values.Length, (ulong)tensor.Length, tensor == "x" ? 2 : 1).CopyTo(values)));
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
        var gradient = network.Gradient(0).ToArray();
        double Objective()
        {
            network.ForwardBackward(slice, 1);
            return network.Results.Loss.ToArray().Sum(loss => (double)loss);
        }

        foreach (var slot in network.Layout.Slots.Where(slot => slot.Kind == SlotKind.Parameter))
        {
            GradientChecker.Check(
                $"{name}: {slot.Name}", () => network.EditWeights().Slice(slot.Offset, slot.Elements), gradient.AsSpan(slot.Offset, slot.Elements), Objective);
        }
    }
}

public sealed class ReferenceLayerGradientTests : LayerGradientTests
{
    protected override Device Open() => new ReferenceDevice();
}

public sealed class CpuLayerGradientTests : LayerGradientTests
{
    protected override Device Open() => CpuDevice.Create(2);
}
