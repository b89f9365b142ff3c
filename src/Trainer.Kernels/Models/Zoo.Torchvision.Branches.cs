using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>torchvision's DenseNet and GoogLeNet.</summary>
public static partial class Zoo
{
    private const double GoogLeNetEps = 1e-3;

    private static Model TorchvisionDenseNet(Shape input, int classes, ZooOptions o)
    {
        int[] layers = [6, 12, 24, 16];
        var (channels, growth) = (o.Channels(64), o.Channels(32));
        List<Module> features = [Fresh("conv0", channels, 7, 2, 3), new BatchNorm2d { Name = "norm0" }, new ReLU(), MaxPool(3, 2, 1)];
        for (var block = 1; block <= layers.Length; block++)
        {
            features.Add(new Sequential(Enumerable.Range(1, layers[block - 1]).Select(layer => DenseLayer($"denselayer{layer}", growth))) { Name = $"denseblock{block}" });
            channels += layers[block - 1] * growth;
            if (block < layers.Length)
            {
                channels /= 2;
                features.Add(new Sequential(new BatchNorm2d { Name = "norm" }, new ReLU(), Fresh("conv", channels, 1, 1, 0), new AvgPool2d(2)) { Name = $"transition{block}" });
            }
        }

        features.Add(new BatchNorm2d { Name = "norm5" });
        return new Model(
            input,
            new Sequential(features) { Name = "features" },
            new ReLU(),
            new AdaptiveAvgPool2d(1),
            new Flatten(),
            new Linear(classes) { BiasInit = WeightInit.Constant(0), Name = "classifier" });
    }

    private static Concat DenseLayer(string name, int growth) => new(
        [],
        [
            new BatchNorm2d { Name = "norm1" }, new ReLU(), Fresh("conv1", 4 * growth, 1, 1, 0),
            new BatchNorm2d { Name = "norm2" }, new ReLU(), Fresh("conv2", growth, 3, 1, 1),
        ])
    { Name = name };

    private static Conv2d Fresh(string name, int channels, int kernel, int stride, int padding) =>
        new(channels, kernel) { Stride = stride, Padding = padding, Bias = false, WeightInit = WeightInit.KaimingNormal, Name = name };

    private static Model TorchvisionGoogLeNet(Shape input, int classes, ZooOptions o) => new(
        input,
        Basic(o.Channels(64), 7, 2, 3, "conv1"),
        CeilPool(),
        Basic(o.Channels(64), 1, name: "conv2"),
        Basic(o.Channels(192), 3, padding: 1, name: "conv3"),
        CeilPool(),
        Inception(o, "3a", 64, (96, 128), (16, 32), 32),
        Inception(o, "3b", 128, (128, 192), (32, 96), 64),
        CeilPool(),
        Inception(o, "4a", 192, (96, 208), (16, 48), 64),
        Inception(o, "4b", 160, (112, 224), (24, 64), 64),
        Inception(o, "4c", 128, (128, 256), (24, 64), 64),
        Inception(o, "4d", 112, (144, 288), (32, 64), 64),
        Inception(o, "4e", 256, (160, 320), (32, 128), 128),
        CeilPool(2),
        Inception(o, "5a", 256, (160, 320), (32, 128), 128),
        Inception(o, "5b", 384, (192, 384), (48, 128), 128),
        new AdaptiveAvgPool2d(1),
        new Flatten(),
        new Dropout(o.Dropout ?? 0.2),
        SmallLinear(classes, "fc"));

    /// <summary>Its third branch has a kernel of 3, not 5: a mistake that torchvision's weights were trained with.</summary>
    private static Concat Inception(ZooOptions o, string name, int c1, (int Reduced, int Out) c2, (int Reduced, int Out) c3, int c4) => new(
        [Basic(o.Channels(c1), 1, name: "branch1")],
        [new Sequential(Basic(o.Channels(c2.Reduced), 1), Basic(o.Channels(c2.Out), 3, padding: 1)) { Name = "branch2" }],
        [new Sequential(Basic(o.Channels(c3.Reduced), 1), Basic(o.Channels(c3.Out), 3, padding: 1)) { Name = "branch3" }],
        [new Sequential(new MaxPool2d(3) { Stride = 1, Padding = 1, CeilMode = true }, Basic(o.Channels(c4), 1)) { Name = "branch4" }])
    { Name = $"inception{name}" };

    private static Sequential Basic(int channels, int kernel, int stride = 1, int padding = 0, string? name = null) => new(
        new Conv2d(channels, kernel) { Stride = stride, Padding = padding, Bias = false, WeightInit = WeightInit.Normal(0, 0.01), Name = "conv" },
        new BatchNorm2d { Eps = GoogLeNetEps, Name = "bn" },
        new ReLU())
    { Name = name };
}
