using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>torchvision.models, version 0.14: layers, names of parameters and arithmetic, so that its weights fit strictly, and ours fit there.</summary>
public static partial class Zoo
{
    /// <summary>The networks that a job file may ask for with <c>variant: torchvision</c>.</summary>
    public static IReadOnlyList<ZooEntry> Torchvision { get; } =
    [
        new("alexnet", "AlexNet (Krizhevsky 2014)", Photograph, TorchvisionAlexNet),
        .. VggDepths.SelectMany<int, ZooEntry>(depth =>
        [
            new($"vgg{depth}", $"VGG-{depth}", Photograph, (input, classes, options) => TorchvisionVgg(depth, norms: false, input, classes, options)),
            new($"vgg{depth}_bn", $"VGG-{depth} with batch norm", Photograph, (input, classes, options) => TorchvisionVgg(depth, norms: true, input, classes, options)),
        ]),
        .. ResNetBlocks.Select(net => new ZooEntry(
            $"resnet{net.Depth}", $"ResNet-{net.Depth} (He et al. 2015)", Photograph, (input, classes, options) => TorchvisionResNet(net.Blocks, net.Depth >= 50, input, classes, options))),
        new("densenet121", "DenseNet-121 (Huang et al. 2016)", Photograph, TorchvisionDenseNet),
        new("googlenet", "GoogLeNet without auxiliary classifiers (Szegedy et al. 2014)", Photograph, TorchvisionGoogLeNet),
        new("mobilenet_v2", "MobileNetV2: inverted residuals (Sandler et al. 2018)", Photograph, MobileNetV2),
        new("mobilenet_v3_small", "MobileNetV3 small (Howard et al. 2019)", Photograph, MobileNetV3Small),
        new("squeezenet1_1", "SqueezeNet 1.1 (Iandola et al. 2016)", Photograph, SqueezeNet),
        new("efficientnet_b0", "EfficientNet-B0 (Tan and Le 2019), without stochastic depth", Photograph, EfficientNet),
    ];

    private static Shape Photograph => new(3, 224, 224);

    /// <summary>What torchvision's weights of a network expect pixels to be normalised by: ImageNet's mean and deviation. Those of googlenet were trained on others, to which its own first step there turns these.</summary>
    public static (IReadOnlyList<double> Mean, IReadOnlyList<double> Std) NormalizationOf(string network) =>
        network == "googlenet" ? ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]) : ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

    /// <summary>torchvision.ops.Conv2dNormActivation: keeps the size but for the stride.</summary>
    private static Sequential ConvNorm(int channels, int kernel, int stride, Module? activation, int groups = 1, double eps = 1e-5, double momentum = 0.1, string? name = null)
    {
        var convolution = new Conv2d(channels, kernel)
        {
            Stride = stride,
            Padding = (kernel - 1) / 2,
            Groups = groups,
            Bias = false,
            WeightInit = WeightInit.Normal(0, Math.Sqrt(2.0 / (channels * kernel * kernel))),
        };
        var norm = new BatchNorm2d { Eps = eps, Momentum = momentum };
        return new Sequential(activation is null ? [convolution, norm] : (IEnumerable<Module>)[convolution, norm, activation]) { Name = name };
    }

    /// <summary>torchvision.ops.SqueezeExcitation.</summary>
    private static Multiply SqueezeExcitation(int channels, int squeezed, Module activation, Module gate) => new(
        [],
        [new AdaptiveAvgPool2d(1), new Conv2d(squeezed, 1) { Name = "fc1" }, activation, new Conv2d(channels, 1) { Name = "fc2" }, gate]);

    private static Linear SmallLinear(int features, string? name = null) => new(features) { WeightInit = WeightInit.Normal(0, 0.01), BiasInit = WeightInit.Constant(0), Name = name };

    /// <summary>Channels in multiples of eight, no tenth less than asked for (torchvision.models._utils._make_divisible).</summary>
    private static int Divisible(double channels)
    {
        const int unit = 8;
        var rounded = Math.Max(unit, (int)(channels + (unit / 2.0)) / unit * unit);
        return rounded < 0.9 * channels ? rounded + unit : rounded;
    }
}
