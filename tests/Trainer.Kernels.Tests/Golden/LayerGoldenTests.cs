using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Schema;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>Every layer under every option beside PyTorch in double precision (layers.py); one thin class per device.</summary>
public abstract class LayerGoldenTests
{
    private static readonly Dictionary<string, JsonElement> All = new[] { "conv2d", "pooling", "normalization", "elementwise" }
        .SelectMany(family => GoldenValues.Load($"layers.{family}.json").GetProperty("cases").EnumerateArray())
        .ToDictionary(golden => golden.Text("name"));

    public static TheoryData<string> Cases => [.. All.Keys];

    /// <summary>Those that train something, each sample by itself.</summary>
    public static TheoryData<string> SummedCases =>
        [.. All.Keys.Where(name => All[name].TryGetProperty("dweight", out _) && !name.StartsWith("batch_norm", StringComparison.Ordinal))];

    protected abstract Device Open();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Is_that_of_pytorch(string name)
    {
        var golden = All[name];
        using var device = Open();
        var run = Start(device, golden);
        Assert.Equal(golden.GetProperty("output").ShapeOf(), run.Output);
        if (golden.TryGetProperty("training", out _))
        {
            run.Evaluate();
            MustBeNear("y", golden, run["y"], run.Input.Elements);
            return;
        }

        run.Forward();
        run.Backward();
        var (forward, backward, pixels) = run.Terms;
        MustBeNear("y", golden, run["y"], forward);
        MustBeNear("dx", golden, run["dx"], backward);
        foreach (var parameter in run.ParameterNames)
        {
            MustBeNear($"d{parameter}", golden, [.. run.SumOverRoots(parameter).Select(sum => (float)sum)], pixels);
        }

        MoveStatistics(golden, run, pixels);
    }

    /// <summary>The same over two roots with unequal numbers of samples: gradients are sums, so they add up to the same.</summary>
    [Theory]
    [MemberData(nameof(SummedCases))]
    public void Adds_up_over_roots(string name)
    {
        var golden = All[name];
        using var device = Open();
        var run = Start(device, golden, new BatchSlice(golden.Int("samples"), 3, [new ShardRange(0, 2), new ShardRange(2, 3)]));
        run.Forward();
        run.Backward();
        foreach (var parameter in run.ParameterNames)
        {
            MustBeNear($"d{parameter}", golden, [.. run.SumOverRoots(parameter).Select(sum => (float)sum)], run.Terms.Parameters);
        }
    }

    private static LayerRun Start(Device device, JsonElement golden, BatchSlice? slice = null)
    {
        var layer = Assert.IsAssignableFrom<Layer>(Assert.Single(JsonText.Read<IReadOnlyList<Module>>($"[{golden.GetProperty("layer").GetRawText()}]", "layers")));
        var name = golden.Text("name");
        var quantum = golden.TryGetProperty("quantum", out var given) ? given.GetSingle() : 0;
        var scale = golden.TryGetProperty("scale", out given) ? given.GetDouble() : 1;
        return new LayerRun(device, layer, golden.GetProperty("input").ShapeOf(), slice ?? BatchSlice.Whole(golden.Int("samples"), 2), (tensor, values) =>
        {
            var isParameter = tensor is not ("x" or "dy");
            GoldenValues.Fill($"{name}.{tensor}", values, isParameter ? 0.25 : tensor == "x" ? scale : 1, tensor == "running_var" ? 1 : 0);
            for (var i = 0; i < values.Length && tensor == "x" && quantum > 0; i++)
            {
                values[i] = MathF.Floor(values[i] / quantum) * quantum;
            }
        });
    }

    /// <summary>A step moves running statistics by momentum towards the mean over the batch's groups.</summary>
    private static void MoveStatistics(JsonElement golden, LayerRun run, long pixels)
    {
        foreach (var statistic in run.Layer.Statistics(run.Input).Where(statistic => golden.TryGetProperty(statistic.Name, out _)))
        {
            var (before, total) = (run[statistic.Name], run.SumOverRoots(statistic.Name));
            var after = before.Select((value, i) => (float)((statistic.Momentum!.Value * total[i] / run.Samples) + ((1 - statistic.Momentum.Value) * value)));
            MustBeNear(statistic.Name, golden, [.. after], pixels);
        }
    }

    private static void MustBeNear(string tensor, JsonElement golden, ReadOnlySpan<float> found, long terms) =>
        Near.Check($"{golden.Text("name")}: {tensor}", golden.Doubles(tensor), found, terms);
}

public sealed class ReferenceLayerGoldenTests : LayerGoldenTests
{
    protected override Device Open() => new ReferenceDevice();
}

public sealed class CpuLayerGoldenTests : LayerGoldenTests
{
    protected override Device Open() => CpuDevice.Create(2);
}
