using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>What a network of the zoo lets its user choose beside input and classes.</summary>
/// <param name="Width">Multiplies the channels that convolutions give, but not classes (rounded, at least 1); hidden linear layers stay.</param>
/// <param name="Dropout">Probability of its dropout layers; null: the network's own.</param>
/// <param name="Variant">Whose network of that name.</param>
public sealed record ZooOptions(double Width = 1, double? Dropout = null, ZooVariant Variant = ZooVariant.D2L)
{
    public static ZooOptions Default { get; } = new();

    /// <summary>As a job file has it; empty: Dive into Deep Learning's.</summary>
    public static ZooVariant VariantOf(string word) => word == "torchvision" ? ZooVariant.Torchvision : ZooVariant.D2L;

    internal int Channels(int channels) => Math.Max(1, (int)Math.Round(channels * Width));
}

/// <summary>Who has a network so.</summary>
public enum ZooVariant
{
    /// <summary>Dive into Deep Learning, and what is there beside it.</summary>
    D2L,

    /// <summary>torchvision.models: what its weights fit.</summary>
    Torchvision,
}

/// <summary>One network of the zoo.</summary>
/// <param name="Name">As a job file asks for it.</param>
/// <param name="Description">One line for people.</param>
/// <param name="Input">What it was made for, per sample (C, H, W); it takes other channels, and other sizes that leave its layers something to do.</param>
/// <param name="Create">Input, classes and options to the model.</param>
public sealed record ZooEntry(string Name, string Description, Shape Input, Func<Shape, int, ZooOptions, Model> Create);

/// <summary>
/// The networks that a job file may ask for by name: those of Dive into Deep Learning 0.17 (https://d2l.ai, chapters 6 and 7) with its
/// parameter names and initialisation (Xavier-uniform weights, PyTorch's biases), and a few others. One file per family.
/// </summary>
public static partial class Zoo
{
    private static readonly Shape Mnist = new(1, 28, 28);

    private static readonly Shape Large = new(1, 224, 224);

    private static readonly Shape Medium = new(1, 96, 96);

    public static IReadOnlyList<ZooEntry> Entries { get; } =
    [
        new("lenet", "LeNet: sigmoids and average pooling (LeCun et al. 1998; D2L 6.6)", Mnist, (input, classes, options) => LeNet(input, classes, options)),
        new("cnn-rgb32", "Two 5x5 convolutions and a linear layer for small colour images", new Shape(3, 32, 32), CnnRgb32),
        new("mnistnet", "Two 5x5 convolutions, pooling before relu, and a linear layer", Mnist, MnistNet),
        new("keras-cnn", "Keras' example for MNIST: two 3x3 convolutions and dropout", Mnist, KerasCnn),
        new("alexnet", "AlexNet (Krizhevsky et al. 2012; D2L 7.1)", Large, AlexNet),
        new("vgg11", "VGG-11: blocks of 3x3 convolutions (Simonyan and Zisserman 2014; D2L 7.2)", Large,
            (input, classes, options) => Vgg(11, input, classes, options)),
        new("vgg13", "VGG-13", Large, (input, classes, options) => Vgg(13, input, classes, options)),
        new("vgg16", "VGG-16", Large, (input, classes, options) => Vgg(16, input, classes, options)),
        new("vgg19", "VGG-19", Large, (input, classes, options) => Vgg(19, input, classes, options)),
        new("nin", "Network in network: 1x1 convolutions, global average pooling (Lin et al. 2013; D2L 7.3)", Large, Nin),
        new("googlenet", "GoogLeNet: Inception blocks of four branches (Szegedy et al. 2014; D2L 7.4)", Medium, GoogLeNet),
        new("resnet18", "ResNet-18: residual blocks, batch norm (He et al. 2015; D2L 7.6)", Medium,
            (input, classes, options) => ResNet(18, input, classes, options)),
        new("resnet34", "ResNet-34", Medium, (input, classes, options) => ResNet(34, input, classes, options)),
        new("resnet50", "ResNet-50 of bottlenecks, as torchvision has it", new Shape(3, 224, 224), ResNet50),
        new("densenet", "DenseNet: dense blocks and transitions (Huang et al. 2016; D2L 7.7)", Medium, DenseNet),
    ];

    public static IReadOnlyList<string> Names => [.. Entries.Select(entry => entry.Name)];

    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="input">Per-sample input, (C, H, W).</param>
    /// <param name="classes">Outputs of the last layer.</param>
    /// <param name="options">Null: the network as its authors have it.</param>
    /// <exception cref="ModelException">No such network (path <c>zoo</c>), or it does not fit the input.</exception>
    public static Model Create(string name, Shape input, int classes, ZooOptions? options = null)
    {
        options ??= ZooOptions.Default;
        var known = options.Variant == ZooVariant.Torchvision ? Torchvision : Entries;
        var entry = known.FirstOrDefault(entry => entry.Name == name) ?? throw new ModelException("zoo", Unknown(name, options.Variant));
        return entry.Create(input, classes, options);
    }

    private static string Unknown(string name, ZooVariant variant) =>
        variant == ZooVariant.Torchvision ? $"there is no network '{name}' of torchvision's; expected one of {string.Join(", ", Torchvision.Select(entry => entry.Name))}"
        : Torchvision.Any(entry => entry.Name == name) ? $"'{name}' is one of torchvision's: say so with model.variant: torchvision"
        : $"no network is called '{name}'; expected one of {string.Join(", ", Names)}";

    /// <summary>D2L initialises the weights of all its convolutions and linear layers so; biases are PyTorch's default.</summary>
    private static Conv2d Conv(int channels, Size2 kernel, Size2? stride = null, Size2? padding = null, string? name = null) =>
        new(channels, kernel) { Stride = stride ?? 1, Padding = padding ?? 0, WeightInit = WeightInit.XavierUniform, Name = name };

    private static Linear Dense(int features) => new(features) { WeightInit = WeightInit.XavierUniform };

    private static MaxPool2d MaxPool(Size2 kernel, Size2 stride, Size2? padding = null) => new(kernel) { Stride = stride, Padding = padding ?? 0 };
}
