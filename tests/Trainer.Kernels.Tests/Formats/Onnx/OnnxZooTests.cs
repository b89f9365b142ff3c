using Trainer.Kernels.Models;
using Trainer.Kernels.Tests.Networks;

namespace Trainer.Kernels.Tests.Formats.Onnx;

/// <summary>Every network of the zoo as ONNX, at the smallest image that leaves its layers something to do; widths are halved where weights are many.</summary>
public sealed class OnnxZooTests
{
    private static readonly Dictionary<string, (int Channels, int Size)> Inputs = new(StringComparer.Ordinal)
    {
        ["lenet"] = (1, 28),
        ["cnn-rgb32"] = (3, 32),
        ["mnistnet"] = (1, 28),
        ["keras-cnn"] = (1, 28),
        ["alexnet"] = (1, 67),
        ["nin"] = (1, 67),
        ["vgg11"] = (1, 32),
        ["vgg13"] = (2, 32),
        ["vgg16"] = (1, 32),
        ["vgg19"] = (3, 32),
        ["googlenet"] = (1, 40),
        ["resnet18"] = (1, 45),
        ["resnet34"] = (3, 33),
        ["resnet50"] = (3, 64),
        ["densenet"] = (1, 65),
    };

    public static TheoryData<string> Names => [.. Zoo.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_network_gives_what_onnx_runtime_gives(string name)
    {
        var (channels, size) = Inputs[name];
        var model = NarrowZoo.Create(name, new Shape(channels, size, size + 3), classes: 7, new ZooOptions(Width: size > 32 ? 0.5 : 1));

        OnnxCase.MustAgree(name, model);
    }
}
