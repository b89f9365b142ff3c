using System.Text.Json.Nodes;
using Trainer.Differential.Tests.Generation;
using Trainer.Differential.Tests.Running;
using Trainer.Kernels;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Differential.Tests;

/// <summary>First weights are distributed as those that torch.nn.init draws: by their moments, and by Kolmogorov and Smirnov's test of two samples.</summary>
public sealed class InitializerTests(TorchProcess torch) : IClassFixture<TorchProcess>
{
    /// <summary>How likely numbers of one distribution fail one of the comparisons; with these seeds none does.</summary>
    private const double Chance = 1e-5, Deviations = 4.5;

    /// <summary>Layers with enough values to judge by, by the tensor's name: input, and the layer's options.</summary>
    private static readonly Dictionary<string, (Shape Input, string Kind, string Options)> Layers = new(StringComparer.Ordinal)
    {
        ["conv2d weight"] = (new(19, 5, 7), "conv2d", """{"out_channels":31,"kernel_size":[5,3]}"""),
        ["grouped conv2d weight"] = (new(12, 5, 7), "conv2d", """{"out_channels":129,"kernel_size":[5,3],"groups":3}"""),
        ["conv2d bias"] = (new(3, 2, 3), "conv2d", """{"out_channels":4099,"kernel_size":[2,3]}"""),
        ["linear weight"] = (new(1, 1, 67), "linear", """{"out_features":101}"""),
        ["linear bias"] = (new(1, 1, 5), "linear", """{"out_features":4099}"""),
    };

    public static TheoryData<string, string> Cases => [.. from kind in InitializerRows.All.Keys from tensor in Layers.Keys select (kind, tensor)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void First_values_are_distributed_as_in_pytorch(string kind, string tensor)
    {
        Assert.SkipUnless(Bench.CanRun, $"First weights are not compared with PyTorch's. {PyTorch.Absence}");
        var name = tensor[(tensor.LastIndexOf(' ') + 1)..];
        var options = new JsonObject { ["kind"] = kind };
        if (kind is "normal" or "constant")
        {
            options[kind == "normal" ? "mean" : "value"] = 0.3;
        }

        var (ours, shape, weightShape) = Draw(tensor, name, options);
        var theirs = Draw(kind, options, shape, weightShape);

        Assert.Equal(theirs.Length, ours.Length);
        if (kind == "constant")
        {
            Assert.All(ours, value => Assert.Equal((float)theirs[0], (float)value));
            return;
        }

        var (mean, deviation) = (theirs.Average(), Deviation(theirs));
        Assert.Equal(mean, ours.Average(), deviation * Deviations * Math.Sqrt(2.0 / ours.Length));
        Assert.Equal(deviation, Deviation(ours), deviation * Deviations * Math.Sqrt(1.0 / ours.Length));
        var distance = Distance(ours, theirs);
        var largest = Math.Sqrt(-Math.Log(Chance / 2) / ours.Length);
        Assert.True(distance <= largest, $"{kind} of {tensor}: the distributions are {distance:0.0000} apart, expected at most {largest:0.0000}");
    }

    private static (double[] Values, Shape Shape, Shape WeightShape) Draw(string tensor, string name, JsonObject initializer)
    {
        var (input, kind, text) = Layers[tensor];
        var options = (JsonObject)JsonNode.Parse(text)!;
        options[$"{name}_init"] = initializer.DeepClone();
        var layer = new JsonObject { ["name"] = "tested", [kind] = options };
        var flatten = new JsonObject { ["flatten"] = new JsonObject() };
        var layers = kind == "linear" ? new JsonArray(flatten, layer) : new JsonArray(layer, flatten);
        using var device = CpuDevice.Create(1);
        using var network = new Network(Model.FromJson(layers.ToJsonString(), input), device, new Sgd(0.1), new NetworkOptions(1, Training: false));
        network.Initialize(seed: 41);
        var slot = network.Layout.Slots.Single(slot => slot.Name == $"tested.{name}");
        var values = network.Weights.Slice(slot.Offset, slot.Elements).ToArray();
        return ([.. values.Select(value => (double)value).Order()], slot.Shape, network.Layout.Slots.Single(other => other.Name == "tested.weight").Shape);
    }

    private double[] Draw(string kind, JsonObject options, Shape shape, Shape weightShape)
    {
        var rest = (JsonObject)options.DeepClone();
        rest.Remove("kind");
        var answer = torch.Process!.Ask(new JsonObject
        {
            ["command"] = "draw",
            ["kind"] = kind,
            ["options"] = rest,
            ["shape"] = Numbers(shape),
            ["weight_shape"] = Numbers(weightShape),
            ["seed"] = 43,
        });
        return PyTorch.Numbers(answer.GetProperty("values"));
    }

    private static JsonArray Numbers(Shape shape) => [.. shape.Dimensions.Select(dimension => (JsonNode)dimension)];

    private static double Deviation(double[] values)
    {
        var mean = values.Average();
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }

    /// <summary>The largest difference of the empirical distribution functions of two ascending samples of one size.</summary>
    private static double Distance(double[] left, double[] right)
    {
        var (i, j, largest) = (0, 0, 0);
        while (i < left.Length && j < right.Length)
        {
            if (left[i] <= right[j])
            {
                i++;
            }
            else
            {
                j++;
            }

            largest = Math.Max(largest, Math.Abs(i - j));
        }

        return (double)largest / left.Length;
    }
}
