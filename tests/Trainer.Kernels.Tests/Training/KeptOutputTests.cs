using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Tests.Training;

/// <summary>Outputs of layers that stay behind a pass: what a network that ends with the layer gives, and what follows from them is what it was without.</summary>
public class KeptOutputTests
{
    private const int Samples = 3;

    private static readonly TrainingRecipe Recipe = TrainingRecipe.FromJson("""{"epochs":1,"batch_size":3,"optimizer":{"sgd":{"lr":0.1}}}""");

    public static TheoryData<string> Chains => ["plain", "normalised", "views"];

    [Theory, MemberData(nameof(Chains))]
    public void A_layer_gives_what_a_network_gives_that_ends_with_it(string name)
    {
        var layers = ChainOf(name);
        using var device = CpuDevice.Create(threads: 1);
        var model = new Model(new Shape(2, 7, 5), layers);
        using var whole = Run(device, model, [.. Enumerable.Range(0, layers.Length)]);

        for (var last = Array.FindIndex(layers, layer => layer is Conv2d or Linear); last < layers.Length; last++) // A model needs a parameter.
        {
            if (new Model(new Shape(2, 7, 5), layers[..(last + 1)]) is var begun && begun.OutputShape.Rank != 1)
            {
                begun = new Model(new Shape(2, 7, 5), [.. layers[..(last + 1)], new Flatten()]);
            }

            using var part = Run(device, begun, []);
            var elements = (int)begun.OutputShape.Elements;
            for (var sample = 0; sample < Samples; sample++)
            {
                Assert.Equal(part.Output.Slice(sample * elements, elements).ToArray(), whole.OutputOf(last, sample));
            }
        }
    }

    [Theory]
    [InlineData("lenet")]
    [InlineData("densenet")]
    public void A_network_that_keeps_all_gives_the_same_bits(string network) => MustKeepItsBits(network);

    [Theory]
    [Trait("Category", "Long")]
    [InlineData("resnet18")]
    [InlineData("googlenet")]
    public void A_large_network_that_keeps_all_gives_the_same_bits(string network) => MustKeepItsBits(network);

    private static void MustKeepItsBits(string network)
    {
        using var device = CpuDevice.Create(threads: 1);
        var model = network == "lenet" ? Zoo.LeNet() : Zoo.Create(network, new Shape(1, 64, 64), 10);
        var layers = ModelSummary.Of(model).Layers;
        using var usual = Run(device, model, []);
        using var keeping = Run(device, model, [.. Enumerable.Range(0, layers.Count)]);

        Assert.Equal(usual.Output.ToArray(), keeping.Output.ToArray());
        for (var layer = 0; layer < layers.Count; layer++)
        {
            if (layer % 5 == 0)
            {
                using var alone = Run(device, model, [layer]); // Among fusions, and with memory that is used again.
                Assert.Equal(usual.Output.ToArray(), alone.Output.ToArray());
                Assert.Equal(keeping.OutputOf(layer, 1), alone.OutputOf(layer, 1));
            }

            var given = layers[layer].Inputs.Select(input => input < 0 ? null : keeping.OutputOf(input, 1)).ToList();
            if (given.Contains(null))
            {
                continue; // The image is no layer.
            }

            var output = keeping.OutputOf(layer, 1);
            switch (layers[layer].Kind)
            {
                case "relu":
                    Assert.Equal(given[0]!.Select(value => Math.Max(value, 0)), output);
                    break;
                case "sum":
                    Assert.Equal(given[0]!.Zip(given[1]!, (left, right) => left + right), output);
                    break;
                case "concat":
                    Assert.Equal(given.SelectMany(part => part!), output);
                    break;
                case "flatten":
                    Assert.Equal(given[0], output);
                    break;
            }
        }
    }

    [Fact]
    public void What_is_not_kept_is_refused_in_words()
    {
        using var device = CpuDevice.Create(threads: 1);
        using var network = Run(device, Zoo.LeNet(), [2, 0]);

        Assert.Equal("Layer 1 and sample 0 are asked for; kept are the outputs of layers [0, 2] for 3 samples.", Assert.Throws<ArgumentException>(() => network.OutputOf(1, 0)).Message);
        Assert.Contains("Layer 0 and sample 3", Assert.Throws<ArgumentException>(() => network.OutputOf(0, 3)).Message, StringComparison.Ordinal);
        Assert.StartsWith(
            "Outputs of layers are kept where whole batches are evaluated",
            Assert.Throws<ArgumentException>(() => new Network(Zoo.LeNet(), device, Recipe, new NetworkOptions(Samples) { Kept = new HashSet<int> { 0 } })).Message,
            StringComparison.Ordinal);
    }

    private static Module[] ChainOf(string name) => name switch
    {
        "plain" => [new Conv2d(3, 3) { Padding = 1 }, new ReLU(), new MaxPool2d(2), new Flatten(), new Linear(5), new Sigmoid(), new Linear(3)],
        "normalised" => [new Conv2d(4, 3) { Bias = false }, new BatchNorm2d(), new ReLU(), new Residual(new Sequential()), new Conv2d(2, 1), new Tanh(), new Flatten(), new Linear(3)],
        _ => [new Flatten(), new Linear(5), new ReLU(), new Dropout(0.5), new Linear(4), new Tanh()],
    };

    private static Network Run(CpuDevice device, Model model, int[] kept)
    {
        var network = new Network(model, device, Recipe, new NetworkOptions(Samples, Training: false) { Kept = kept.ToHashSet() });
        network.Initialize(seed: 11);
        for (var i = 0; i < Samples * (int)model.Input.Elements; i++)
        {
            network.Input[i] = MathF.Sin(i * 0.37f);
        }

        network.Infer(Samples);
        return network;
    }
}
