using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2015 (arXiv:1512.03385), table 1.</summary>
public static partial class Zoo
{
    private static readonly int[] ResNetChannels = [64, 128, 256, 512];

    /// <summary>D2L 7.6, whose convolutions have biases: 11,178,378 parameters (18) for one channel and 10 classes.</summary>
    /// <param name="depth">18 or 34 layers with weights, shortcuts not counted.</param>
    private static Model ResNet(int depth, Shape input, int classes, ZooOptions o)
    {
        int[] blocks = depth == 18 ? [2, 2, 2, 2] : [3, 4, 6, 3];
        return new Model(
            input,
            [
                ResNetStem(o),
                .. blocks.Select((count, stage) => ResNetStage(o.Channels(ResNetChannels[stage]), count, widens: stage > 0)),
                new AdaptiveAvgPool2d(1),
                new Flatten(),
                Dense(classes),
            ]);
    }

    /// <summary>What DenseNet begins with, too.</summary>
    private static Sequential ResNetStem(ZooOptions o) => new(Conv(o.Channels(64), 7, 2, 3), new BatchNorm2d(), new ReLU(), MaxPool(3, 2, 1));

    /// <summary>Blocks have their number for a name, as if each had its last relu within.</summary>
    private static Sequential ResNetStage(int channels, int blocks, bool widens) => new(
        Enumerable.Range(0, blocks).SelectMany<int, Module>(i => [ResNetBlock($"{i}", channels, widens && i == 0), new ReLU()]));

    private static Residual ResNetBlock(string name, int channels, bool widens) => new(
        Conv(channels, 3, widens ? 2 : 1, 1, "conv1"),
        new BatchNorm2d { Name = "bn1" },
        new ReLU(),
        Conv(channels, 3, padding: 1, name: "conv2"),
        new BatchNorm2d { Name = "bn2" })
    {
        Name = name,
        Shortcut = widens ? [Conv(channels, 1, 2, name: "conv3")] : [],
    };

    /// <summary>
    /// torchvision.models.resnet50: bottlenecks whose 3x3 convolution has the stride, no convolution with a bias, weights normal with variance
    /// 2 / fan_out. 25,557,032 parameters for three channels and 1000 classes.
    /// </summary>
    private static Model ResNet50(Shape input, int classes, ZooOptions o) => new(
        input,
        Bare("conv1", o.Channels(64), 7, 2, 3),
        new BatchNorm2d { Name = "bn1" },
        new ReLU(),
        MaxPool(3, 2, 1),
        BottleneckStage(o, "layer1", 64, 3, 1),
        BottleneckStage(o, "layer2", 128, 4, 2),
        BottleneckStage(o, "layer3", 256, 6, 2),
        BottleneckStage(o, "layer4", 512, 3, 2),
        new AdaptiveAvgPool2d(1),
        new Flatten(),
        new Linear(classes) { Name = "fc" });

    private static Sequential BottleneckStage(ZooOptions o, string name, int channels, int blocks, int stride) => new(
        Enumerable.Range(0, blocks).SelectMany<int, Module>(i => [Bottleneck(o, $"{i}", channels, i == 0 ? stride : 1, shortcut: i == 0), new ReLU()]))
    {
        Name = name,
    };

    private static Residual Bottleneck(ZooOptions o, string name, int channels, int stride, bool shortcut) => new(
        Bare("conv1", o.Channels(channels), 1, 1, 0),
        new BatchNorm2d { Name = "bn1" },
        new ReLU(),
        Bare("conv2", o.Channels(channels), 3, stride, 1),
        new BatchNorm2d { Name = "bn2" },
        new ReLU(),
        Bare("conv3", o.Channels(4 * channels), 1, 1, 0),
        new BatchNorm2d { Name = "bn3" })
    {
        Name = name,
        Shortcut = shortcut ? [new Sequential(Bare("0", o.Channels(4 * channels), 1, stride, 0), new BatchNorm2d()) { Name = "downsample" }] : [],
    };

    private static Conv2d Bare(string name, int channels, int kernel, int stride, int padding) => new(channels, kernel)
    {
        Stride = stride,
        Padding = padding,
        Bias = false,
        WeightInit = WeightInit.Normal(0, Math.Sqrt(2.0 / (channels * kernel * kernel))),
        Name = name,
    };
}
