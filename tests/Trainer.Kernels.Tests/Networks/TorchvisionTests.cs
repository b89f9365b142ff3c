using System.Globalization;
using System.Text.Json;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Trainer.Kernels.Tests.Golden;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Networks;

/// <summary>torchvision itself (Debian's python3-torchvision) writes state dicts that our networks of its names load strictly, gives the outputs that they give, and loads strictly what they write (Golden/vision.py).</summary>
public sealed class TorchvisionTests : IDisposable
{
    private const int Classes = 7, Samples = 2;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Large => [.. Zoo.Torchvision.Select(entry => entry.Name)];

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("Category", "Long")]
    public Task Small_networks_are_those_of_torchvision() => MustBeThoseOfTorchvisionAsync(size: 64, "squeezenet1_1", "mobilenet_v3_small");

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Large))]
    public Task All_networks_are_those_of_torchvision(string name) => MustBeThoseOfTorchvisionAsync(size: 224, name);

    [Theory]
    [InlineData("resnet18", 11_689_512)]
    [InlineData("resnet50", 25_557_032)]
    [InlineData("resnet152", 60_192_808)]
    [InlineData("vgg16", 138_357_544)]
    [InlineData("vgg19_bn", 143_678_248)]
    [InlineData("alexnet", 61_100_840)]
    [InlineData("densenet121", 7_978_856)]
    [InlineData("googlenet", 6_624_904)]
    [InlineData("mobilenet_v2", 3_504_872)]
    [InlineData("mobilenet_v3_small", 2_542_856)]
    [InlineData("squeezenet1_1", 1_235_496)]
    [InlineData("efficientnet_b0", 5_288_548)]
    public void They_have_the_parameters_that_torchvisions_pages_say(string name, long parameters) =>
        Assert.Equal(parameters, Zoo.Create(name, new Shape(3, 224, 224), 1000, new ZooOptions(Variant: ZooVariant.Torchvision)).Parameters);

    [Fact]
    public void A_name_is_looked_for_where_it_was_said()
    {
        var wrong = Assert.Throws<ModelException>(() => Zoo.Create("lenet", new Shape(3, 32, 32), 10, new ZooOptions(Variant: ZooVariant.Torchvision)));
        var unsaid = Assert.Throws<ModelException>(() => Zoo.Create("vgg11_bn", new Shape(3, 32, 32), 10));

        Assert.StartsWith("zoo: there is no network 'lenet' of torchvision's; expected one of alexnet, vgg11, vgg11_bn, ", wrong.Message, StringComparison.Ordinal);
        Assert.Equal("zoo: 'vgg11_bn' is one of torchvision's: say so with model.variant: torchvision", unsaid.Message);
    }

    private async Task MustBeThoseOfTorchvisionAsync(int size, params string[] names)
    {
        string[] arguments = [_folder.Path, size.ToString(CultureInfo.InvariantCulture), Classes.ToString(CultureInfo.InvariantCulture), .. names];
        foreach (var written in await Python.RunAsync("torchvision", "vision.py", ["write", .. arguments]))
        {
            Exchange(JsonDocument.Parse(written).RootElement, size);
        }

        var read = await Python.RunAsync("torchvision", "vision.py", ["read", .. arguments]);
        Assert.Equal(names.Length, read.Count);
        Assert.All(read, line => Assert.Empty(JsonDocument.Parse(line).RootElement.GetProperty("different").EnumerateArray()));
    }

    /// <summary>Loads what torchvision wrote, compares the outputs with its own, and writes the weights for it.</summary>
    private void Exchange(JsonElement written, int size)
    {
        var name = written.GetProperty("name").GetString()!;
        var expected = written.GetProperty("outputs").EnumerateArray().Select(output => output.GetDouble()).ToList();
        using var device = CpuDevice.Create(2);
        using var network = new Network(Zoo.Create(name, new Shape(3, size, size), Classes, new ZooOptions(Variant: ZooVariant.Torchvision)), device, new Sgd(0.1), new NetworkOptions(Samples, Training: false));
        network.Initialize(seed: 1);
        WarmStart.Load(network, _folder.File($"{name}.pth"));
        for (var i = 0L; i < network.Input.Length; i++)
        {
            network.Input[(int)i] = ((i * i * 7) + (i * 13) + (i / 5 * 31)) % 251 / 251f;
        }

        network.Infer(Samples);
        // A hundred layers carry float32's rounding further than that, PyTorch's as ours: how far depends on the order in which a convolution adds.
        var tolerance = Math.Max(1e-4 * expected.Max(Math.Abs), 2 * written.GetProperty("deviation").GetDouble());
        Assert.All(expected.Zip(network.Output.ToArray()), pair => Assert.Equal(pair.First, pair.Second, tolerance));
        Safetensors.WriteWeights(_folder.File($"{name}.safetensors"), network.Layout, network.Weights, network.BatchesTracked);
    }
}
