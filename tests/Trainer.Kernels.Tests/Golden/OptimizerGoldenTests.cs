using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Tests.Devices;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>Five steps of every optimizer beside PyTorch in double precision (optimizers.py), and its learning rates (schedules.py).</summary>
public abstract class OptimizerGoldenTests
{
    private static readonly Dictionary<string, JsonElement> All = GoldenValues.Load("optimizers.json")
        .GetProperty("cases").EnumerateArray().ToDictionary(golden => golden.Text("name"));

    public static TheoryData<string> Cases => [.. All.Keys];

    protected abstract Device Open();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Weights_and_state_are_those_of_pytorch(string name)
    {
        var golden = All[name];
        var elements = golden.Int("elements");
        using var device = Open();
        var optimizer = Read(golden.GetProperty("optimizer"));
        var (weights, total) = (device.Place(GoldenValues.Tensor($"{name}.weight", elements)), device.Zeros(elements));
        Tensor[] state = [weights, .. optimizer.StateNames.Select(_ => device.Zeros(elements))];
        var hashes = new ulong[state.Length];
        var step = 0;
        foreach (var expected in golden.GetProperty("weights").EnumerateArray())
        {
            device.Write(total, GoldenValues.Tensor($"{name}.gradient.{++step}", elements, 0.5));
            device.Updates.Update(
                [optimizer.Run(elements, optimizer.LearningRate, optimizer.WeightDecay, step)], 1, total, state, state, hashes, hashes);
            MustBeNear($"{name}: weight after step {step}", [.. expected.EnumerateArray().Select(value => value.GetDouble())], device.Read(weights));
        }

        Assert.Equal(optimizer.StateNames.Order(), golden.GetProperty("state").EnumerateObject().Select(kept => kept.Name).Order());
        foreach (var (kept, values) in optimizer.StateNames.Zip(state.Skip(1)))
        {
            MustBeNear($"{name}: {kept}", golden.GetProperty("state").Doubles(kept), device.Read(values));
        }
    }

    private static Optimizer Read(JsonElement golden)
    {
        var (kind, options) = golden.EnumerateObject().Select(property => (property.Name, property.Value)).Single();
        double Option(string option, double standard) => options.TryGetProperty(option, out var value) ? value.GetDouble() : standard;
        var betas = options.TryGetProperty("betas", out var given) ? given.EnumerateArray().Select(beta => beta.GetDouble()).ToArray() : [0.9, 0.999];
        var (rate, eps) = (Option("lr", 0), Option("eps", 1e-8));
        return kind switch
        {
            "sgd" => new Sgd(rate, Option("momentum", 0), Option("weight_decay", 0), Option("dampening", 0), options.TryGetProperty("nesterov", out _)),
            "adam" => new Adam(rate, betas[0], betas[1], eps, Option("weight_decay", 0)),
            "rmsprop" => new RmsProp(
                rate, Option("alpha", 0.99), eps, Option("weight_decay", 0), Option("momentum", 0), options.TryGetProperty("centered", out _)),
            "adagrad" => new Adagrad(rate, Option("lr_decay", 0), Option("weight_decay", 0), Option("initial_accumulator_value", 0), Option("eps", 1e-10)),
            "adamw" => new AdamW(rate, betas[0], betas[1], eps, Option("weight_decay", 0.01)),
            _ => throw new InvalidDataException($"No such optimizer: {kind}."),
        };
    }

    private static void MustBeNear(string what, double[] expected, ReadOnlySpan<float> found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(found[i] - expected[i]) <= 2e-6, $"{what}[{i}] is {found[i]:R}, PyTorch has {expected[i]:R}");
        }
    }
}

public sealed class ReferenceOptimizerGoldenTests : OptimizerGoldenTests
{
    protected override Device Open() => new ReferenceDevice();
}

public sealed class CpuOptimizerGoldenTests : OptimizerGoldenTests
{
    protected override Device Open() => CpuDevice.Create(2);
}
