using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Golden;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Networks;

/// <summary>PyTorch itself (Debian's python3-torch) loads what we save into D2L's networks, with strict=True, and gives our outputs (Golden/load.py).</summary>
public sealed class StrictLoadTests : IDisposable
{
    private const int Samples = 3, Classes = 7;

    private static readonly Dictionary<string, Shape> Inputs = new(StringComparer.Ordinal)
    {
        ["cnn-rgb32"] = new(3, 32, 32),
        ["alexnet"] = new(1, 67, 71),
        ["vgg11"] = new(1, 32, 33),
        ["vgg13"] = new(3, 33, 32),
        ["vgg16"] = new(1, 32, 32),
        ["vgg19"] = new(1, 33, 33),
        ["nin"] = new(1, 67, 71),
        ["googlenet"] = new(1, 33, 35),
        ["resnet18"] = new(2, 35, 33),
        ["resnet34"] = new(1, 33, 33),
        ["resnet50"] = new(3, 33, 35),
        ["densenet"] = new(1, 35, 33),
    };

    private static readonly string[] Large = ["alexnet", "nin", "googlenet", "vgg11", "vgg13", "vgg16", "vgg19", "resnet34", "resnet50", "densenet"];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public Task Pytorch_loads_networks_strictly_and_gives_the_same_outputs() => MustLoadAsync([.. Zoo.Names.Except(Large)]);

    [Fact]
    [Trait("Category", "Long")]
    public Task Pytorch_loads_large_networks_strictly_and_gives_the_same_outputs() => MustLoadAsync([.. Zoo.Names.Where(Large.Contains)]);

    public void Dispose() => _folder.Dispose();

    private async Task MustLoadAsync(IReadOnlyList<string> names)
    {
        Python.SkipWithout("torch");
        using var device = CpuDevice.Create(2);
        var expected = names.ToDictionary(name => name, name => Save(device, name));
        await File.WriteAllTextAsync(_folder.File("networks.json"), JsonSerializer.Serialize(
            names.Select(name => new { name, input = InputOf(name).Dimensions, classes = Classes, ratio = RatioOf(name), hidden = NarrowZoo.Hidden, samples = Samples })));
        var printed = await Python.RunAsync("torch", "load.py", _folder.Path);
        var loaded = printed.ConvertAll(line => JsonDocument.Parse(line).RootElement);

        Assert.Equal(names, loaded.Select(network => network.Text("name")));
        foreach (var network in loaded)
        {
            var name = network.Text("name");
            Assert.False(network.TryGetProperty("error", out var error), $"{name}: {error}");
            Assert.All(network.Doubles("outputs").Zip(expected[name]), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * Math.Max(1, Math.Abs(pair.First))));
        }
    }

    private static Model Model(string name) => NarrowZoo.Create(name, InputOf(name), Classes, new ZooOptions(Width: 1.0 / RatioOf(name)));

    private static Shape InputOf(string name) => Inputs.GetValueOrDefault(name, new Shape(1, 28, 28));

    /// <summary>Three of the four VGGs have a quarter of their channels, which leaves all their names.</summary>
    private static int RatioOf(string name) => name is "vgg13" or "vgg16" or "vgg19" ? 4 : 1;

    /// <summary>One step of training, so that running statistics are not what they start as; then weights to a file and outputs in evaluation mode.</summary>
    private float[] Save(Device device, string name)
    {
        using var network = new Network(Model(name), device, new Sgd(1e-4), new NetworkOptions(Samples));
        network.Initialize(seed: 17);
        GoldenValues.Fill("images", network.Input);
        TestData.Step(network, BatchSlice.Whole(Samples, 1));
        Safetensors.WriteWeights(_folder.File($"{name}.safetensors"), network.Layout, network.Weights, network.BatchesTracked);
        network.Infer(Samples);
        return network.Output.ToArray();
    }
}
