using System.Text.Json;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>Ten steps of every network of the zoo beside PyTorch in double precision (networks.py).</summary>
public sealed class NetworkGoldenTests
{
    private static readonly Dictionary<string, JsonElement> All = GoldenValues.Load("networks.json")
        .GetProperty("networks").EnumerateArray().ToDictionary(golden => golden.Text("name"));

    /// <summary>Large ones that differ from smaller ones of their family in the number of their layers alone, and AlexNet, whose layers VGG has too.</summary>
    private static readonly string[] Long = ["alexnet", "vgg11", "vgg13", "vgg16", "vgg19", "resnet34", "resnet50"];

    public static TheoryData<string> Networks => [.. All.Keys];

    public static TheoryData<string> ShortNetworks => [.. All.Keys.Except(Long)];

    public static TheoryData<string> LongNetworks => [.. Long];

    [Fact]
    public void All_of_the_zoo_is_here() => Assert.Equal(Zoo.Names.Order(), All.Keys.Order());

    [Theory]
    [MemberData(nameof(Networks))]
    public void Names_and_shapes_are_those_of_pytorch(string name)
    {
        var (golden, model) = (All[name], ModelOf(All[name]));
        var expected = golden.GetProperty("state").EnumerateObject()
            .Where(tensor => !tensor.Name.EndsWith("num_batches_tracked", StringComparison.Ordinal))
            .Select(tensor => $"{tensor.Name} {tensor.Value.ShapeOf()}");

        Assert.Equal(golden.GetProperty("parameters").GetInt64(), model.Parameters);
        Assert.Equal(expected.Order(), ParameterLayout.Of(model).Slots.Select(slot => $"{slot.Name} {slot.Shape}").Order());
    }

    [Theory]
    [MemberData(nameof(ShortNetworks))]
    public void Ten_steps_are_those_of_pytorch(string name) => MustTrainAsPyTorch(name);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(LongNetworks))]
    public void Ten_steps_of_large_networks_are_those_of_pytorch(string name) => MustTrainAsPyTorch(name);

    private static void MustTrainAsPyTorch(string name)
    {
        var golden = All[name];
        var (samples, losses) = (golden.Int("samples"), golden.Doubles("losses"));
        var images = golden.TryGetProperty("images", out var given) ? given.GetString()! : "images";
        using var device = CpuDevice.Create(2);
        using var network = new Network(ModelOf(golden), device, new Sgd(golden.GetProperty("lr").GetDouble()), new NetworkOptions(samples));
        Start(name, network);
        var slice = BatchSlice.Whole(samples, 1);
        for (var step = 0; step < losses.Length; step++)
        {
            LoadImages(network, $"{images}.{step}", samples);
            TestData.Step(network, slice, (ulong)step + 1);
            Assert.Equal(losses[step], network.Results.Loss.ToArray().Average(loss => (double)loss), step == 0 ? 1e-5 : 1e-4);
            if (step == 0)
            {
                CheckGradients(golden, network);
            }
        }

        CheckStatistics(golden, network);
        LoadImages(network, $"{images}.0", samples);
        network.Evaluate(samples);
        Assert.All(
            golden.Doubles("evaluation").Zip(network.Output.ToArray()),
            pair => Assert.Equal(pair.First, pair.Second, 1e-3 * Math.Max(1, Math.Abs(pair.First))));
    }

    private static Model ModelOf(JsonElement golden) =>
        Zoo.Create(golden.Text("name"), golden.GetProperty("input").ShapeOf(), golden.Int("classes"), new ZooOptions(Dropout: 0));

    /// <summary>networks.py's `start`.</summary>
    private static void Start(string name, Network network)
    {
        foreach (var slot in network.Layout.Slots)
        {
            var values = network.EditWeights().Slice(slot.Offset, slot.Elements);
            if (slot.Shape.Rank > 1)
            {
                var (fanIn, numerator) = (slot.Shape.Elements / slot.Shape[0], slot.Shape.Rank == 4 ? 3.5 : 3.0);
                GoldenValues.Fill(slot.Name, values, Math.Sqrt(numerator / fanIn) * (name == "lenet" ? 4 : 1));
            }
            else if (slot.Name.EndsWith("bn3.weight", StringComparison.Ordinal))
            {
                GoldenValues.Fill(slot.Name, values, 0.0625, 0.25f);
            }
            else if (slot.Name.EndsWith("weight", StringComparison.Ordinal) || slot.Name.EndsWith("running_var", StringComparison.Ordinal))
            {
                GoldenValues.Fill(slot.Name, values, 0.25, 1);
            }
            else
            {
                GoldenValues.Fill(slot.Name, values, 0.125);
            }
        }
    }

    private static void LoadImages(Network network, string images, int samples)
    {
        GoldenValues.Fill(images, network.Input[..(int)(samples * network.Model.Input.Elements)]);
        for (var n = 0; n < samples; n++)
        {
            network.Labels[n] = n * 7 % network.Model.Classes;
        }
    }

    /// <summary>
    /// Within 1e-3 of the whole gradient's norm, and within 5e-2 of the tensor's own where that is not nothing beside the whole. Rounding alone is far below:
    /// what counts is a relu or a maximum so close to its kink that float32 falls on the other side, which changes a gradient by one of its terms.
    /// </summary>
    private static void CheckGradients(JsonElement golden, Network network)
    {
        var (whole, gradients) = (golden.GetProperty("norm").GetDouble(), golden.GetProperty("gradients"));
        foreach (var slot in network.Layout.Slots.Where(slot => slot.Kind == SlotKind.Parameter))
        {
            var digest = gradients.GetProperty(slot.Name);
            var allowed = Math.Min(1e-3 * whole, (5e-2 * digest.GetProperty("norm").GetDouble()) + (1e-6 * whole));
            CheckDigest(slot.Name, digest, network.Total.Slice(slot.Offset, slot.Elements), allowed);
        }
    }

    private static void CheckStatistics(JsonElement golden, Network network)
    {
        foreach (var slot in network.Layout.Slots.Where(slot => slot.Kind == SlotKind.Statistic))
        {
            var digest = golden.GetProperty("buffers").GetProperty(slot.Name);
            CheckDigest(slot.Name, digest, network.Weights.Slice(slot.Offset, slot.Elements), 1e-4 * digest.GetProperty("norm").GetDouble());
        }
    }

    /// <summary>The error of a tensor, estimated from its products with vectors of independent elements of variance 1/3: good to about a third.</summary>
    private static void CheckDigest(string name, JsonElement digest, ReadOnlySpan<float> found, double allowed)
    {
        var (squares, norm, products) = (0.0, 0.0, digest.Doubles("products"));
        var golden = digest.GetProperty("norm").GetDouble();
        foreach (var value in found)
        {
            norm += (double)value * value;
        }

        for (var k = 0; k < products.Length; k++)
        {
            var difference = GoldenValues.Product($"probe.{k}.{name}", found) - products[k];
            squares += difference * difference;
        }

        var error = Math.Sqrt(3 * squares / products.Length);
        Assert.True(error <= allowed, $"{name}: about {error:G3} away from PyTorch's, whose norm is {golden:G6}; {allowed:G3} is allowed");
        Assert.Equal(golden, Math.Sqrt(norm), allowed);
    }
}
