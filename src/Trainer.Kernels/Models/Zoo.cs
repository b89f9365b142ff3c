using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>The networks that a job file may ask for by name.</summary>
public static class Zoo
{
    private static readonly Dictionary<string, Func<Shape, int, Model>> Networks = new(StringComparer.Ordinal)
    {
        ["lenet"] = (input, classes) => LeNet(input, classes),
    };

    public static IReadOnlyList<string> Names => [.. Networks.Keys];

    /// <summary>
    /// LeNet as in Dive into Deep Learning, 7.6: sigmoids, average pooling, Xavier-uniform weights; 61,706 parameters for (1,28,28) and 10 classes.
    /// </summary>
    public static Model LeNet(Shape? input = null, int classes = 10) => new(
        input ?? new Shape(1, 28, 28),
        new Conv2d(6, 5) { Padding = 2, WeightInit = WeightInit.XavierUniform },
        new Sigmoid(),
        new AvgPool2d(2),
        new Conv2d(16, 5) { WeightInit = WeightInit.XavierUniform },
        new Sigmoid(),
        new AvgPool2d(2),
        new Flatten(),
        new Linear(120) { WeightInit = WeightInit.XavierUniform },
        new Sigmoid(),
        new Linear(84) { WeightInit = WeightInit.XavierUniform },
        new Sigmoid(),
        new Linear(classes) { WeightInit = WeightInit.XavierUniform });

    /// <exception cref="ModelException">No such network (path <c>zoo</c>), or it does not fit the input.</exception>
    public static Model Create(string name, Shape input, int classes) => Networks.TryGetValue(name, out var create)
        ? create(input, classes)
        : throw new ModelException("zoo", $"no network is called '{name}'; expected one of {string.Join(", ", Names)}");
}
