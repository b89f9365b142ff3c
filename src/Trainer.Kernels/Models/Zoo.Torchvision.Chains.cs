using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>torchvision's AlexNet, VGG, ResNet and SqueezeNet.</summary>
public static partial class Zoo
{
    private static int[] VggDepths => [11, 13, 16, 19];

    private static (int Depth, int[] Blocks)[] ResNetBlocks => [(18, [2, 2, 2, 2]), (34, [3, 4, 6, 3]), (50, [3, 4, 6, 3]), (101, [3, 4, 23, 3]), (152, [3, 8, 36, 3])];

    private static Model TorchvisionAlexNet(Shape input, int classes, ZooOptions o) => new(
        input,
        new Sequential(
            new Conv2d(o.Channels(64), 11) { Stride = 4, Padding = 2 }, new ReLU(), MaxPool(3, 2),
            new Conv2d(o.Channels(192), 5) { Padding = 2 }, new ReLU(), MaxPool(3, 2),
            new Conv2d(o.Channels(384), 3) { Padding = 1 }, new ReLU(),
            new Conv2d(o.Channels(256), 3) { Padding = 1 }, new ReLU(),
            new Conv2d(o.Channels(256), 3) { Padding = 1 }, new ReLU(), MaxPool(3, 2))
        { Name = "features" },
        new AdaptiveAvgPool2d(6),
        new Flatten(),
        new Sequential(
            new Dropout(o.Dropout ?? 0.5), new Linear(4096), new ReLU(),
            new Dropout(o.Dropout ?? 0.5), new Linear(4096), new ReLU(),
            new Linear(classes))
        { Name = "classifier" });

    private static Model TorchvisionVgg(int depth, bool norms, Shape input, int classes, ZooOptions o)
    {
        int[] convolutions = depth switch { 11 => [1, 1, 2, 2, 2], 13 => [2, 2, 2, 2, 2], 16 => [2, 2, 3, 3, 3], _ => [2, 2, 4, 4, 4] };
        var features = convolutions.Zip(VggChannels).SelectMany(stage => Enumerable.Range(0, stage.First).SelectMany(_ => Convolution(o.Channels(stage.Second))).Append(MaxPool(2, 2)));
        return new Model(
            input,
            new Sequential(features) { Name = "features" },
            new AdaptiveAvgPool2d(7),
            new Flatten(),
            new Sequential(
                SmallLinear(4096), new ReLU(), new Dropout(o.Dropout ?? 0.5),
                SmallLinear(4096), new ReLU(), new Dropout(o.Dropout ?? 0.5),
                SmallLinear(classes))
            { Name = "classifier" });

        IEnumerable<Module> Convolution(int channels)
        {
            yield return new Conv2d(channels, 3) { Padding = 1, WeightInit = WeightInit.Normal(0, Math.Sqrt(2.0 / (9 * channels))), BiasInit = WeightInit.Constant(0) };
            if (norms)
            {
                yield return new BatchNorm2d();
            }

            yield return new ReLU();
        }
    }

    private static Model TorchvisionResNet(int[] blocks, bool bottlenecks, Shape input, int classes, ZooOptions o) => new(
        input,
        [
            Bare("conv1", o.Channels(64), 7, 2, 3),
            new BatchNorm2d { Name = "bn1" },
            new ReLU(),
            MaxPool(3, 2, 1),
            .. blocks.Select((count, stage) => bottlenecks
                ? BottleneckStage(o, $"layer{stage + 1}", ResNetChannels[stage], count, stage == 0 ? 1 : 2)
                : BasicStage($"layer{stage + 1}", o.Channels(ResNetChannels[stage]), count, stage == 0 ? 1 : 2)),
            new AdaptiveAvgPool2d(1),
            new Flatten(),
            new Linear(classes) { Name = "fc" },
        ]);

    private static Sequential BasicStage(string name, int channels, int blocks, int stride) => new(
        Enumerable.Range(0, blocks).SelectMany<int, Module>(i => [BasicBlock($"{i}", channels, i == 0 ? stride : 1), new ReLU()]))
    { Name = name };

    private static Residual BasicBlock(string name, int channels, int stride) => new(
        Bare("conv1", channels, 3, stride, 1),
        new BatchNorm2d { Name = "bn1" },
        new ReLU(),
        Bare("conv2", channels, 3, 1, 1),
        new BatchNorm2d { Name = "bn2" })
    {
        Name = name,
        Shortcut = stride > 1 ? [new Sequential(Bare("0", channels, 1, stride, 0), new BatchNorm2d()) { Name = "downsample" }] : [],
    };

    private static Model SqueezeNet(Shape input, int classes, ZooOptions o)
    {
        (string Name, int Squeezed, int Expanded)[][] stages = [[("3", 16, 64), ("4", 16, 64)], [("6", 32, 128), ("7", 32, 128)], [("9", 48, 192), ("10", 48, 192), ("11", 64, 256), ("12", 64, 256)]];
        return new Model(
            input,
            new Sequential(
            [
                Plain("0", o.Channels(64), 3, stride: 2), new ReLU(), CeilPool(),
                .. stages.SelectMany((fires, stage) => fires.SelectMany(fire => Fire(o, fire.Name, fire.Squeezed, fire.Expanded)).Concat(stage < 2 ? [CeilPool()] : (IEnumerable<Module>)[])),
            ])
            { Name = "features" },
            new Sequential(
                new Dropout(o.Dropout ?? 0.5), new Conv2d(classes, 1) { WeightInit = WeightInit.Normal(0, 0.01), BiasInit = WeightInit.Constant(0) }, new ReLU(), new AdaptiveAvgPool2d(1))
            { Name = "classifier" },
            new Flatten());
    }

    /// <summary>Two modules of one name, as its layers have in torchvision, where it is one that joins them.</summary>
    private static IEnumerable<Module> Fire(ZooOptions o, string name, int squeezed, int expanded) =>
    [
        new Sequential(Plain("squeeze", o.Channels(squeezed), 1), new ReLU()) { Name = name },
        new Concat([Plain("expand1x1", o.Channels(expanded), 1), new ReLU()], [Plain("expand3x3", o.Channels(expanded), 3, padding: 1), new ReLU()]) { Name = name },
    ];

    private static Conv2d Plain(string name, int channels, int kernel, int stride = 1, int padding = 0) =>
        new(channels, kernel) { Stride = stride, Padding = padding, BiasInit = WeightInit.Constant(0), Name = name };

    private static MaxPool2d CeilPool(int kernel = 3) => new(kernel) { Stride = 2, CeilMode = true };
}
