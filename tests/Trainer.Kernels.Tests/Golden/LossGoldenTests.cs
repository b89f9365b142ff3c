using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>Losses beside PyTorch in double precision (losses.py), sample by sample; one thin class per device.</summary>
public abstract class LossGoldenTests
{
    private static readonly JsonElement Golden = GoldenValues.Load("losses.json");

    public static TheoryData<string> CrossEntropies => Names("cross_entropy");

    public static TheoryData<string> SquaredErrors => Names("squared_error");

    protected abstract Device Open();

    [Theory]
    [MemberData(nameof(CrossEntropies))]
    public void Cross_entropy(string name)
    {
        var golden = Case("cross_entropy", name);
        var (samples, classes) = (golden.Int("samples"), golden.Int("classes"));
        using var device = Open();
        var ignored = golden.GetProperty("ignore_index");
        var options = new CrossEntropyOptions(
            ignored.ValueKind == JsonValueKind.Null ? null : ignored.GetInt32(),
            golden.GetProperty("label_smoothing").GetSingle(),
            golden.GetProperty("weighted").GetBoolean() ? On(device, GoldenValues.Tensor($"{name}.weight", classes, 0.5, 1)) : default);
        var logits = On(device, GoldenValues.Tensor($"{name}.logits", samples * classes, golden.GetProperty("scale").GetDouble()));
        var (loss, correct, dx) = (new float[samples], new byte[samples], On(device, new float[samples * classes]));
        device.SoftmaxCrossEntropy(options, classes, samples, logits, [.. Enumerable.Range(0, samples).Select(n => n * 7 % classes)], loss, correct, dx);

        MustBeNear($"{name}: loss", golden.Doubles("losses"), loss);
        MustBeNear($"{name}: gradient", golden.Doubles("gradient"), dx.Host);
    }

    /// <summary>torch's mean divides by the elements of all samples: the factor takes them in.</summary>
    [Theory]
    [MemberData(nameof(SquaredErrors))]
    public void Squared_error(string name)
    {
        var golden = Case("squared_error", name);
        var (samples, elements) = (golden.Int("samples"), (int)golden.GetProperty("shape").ShapeOf().Elements);
        using var device = Open();
        var factor = golden.Text("reduction") == "mean" ? 1f / (samples * elements) : 1;
        var (loss, dx) = (new float[samples], On(device, new float[samples * elements]));
        device.SquaredError(
            factor, elements, samples, On(device, GoldenValues.Tensor($"{name}.y", samples * elements)),
            On(device, GoldenValues.Tensor($"{name}.target", samples * elements)), loss, dx);

        MustBeNear($"{name}: loss", [golden.GetProperty("loss").GetDouble()], [loss.Sum()]);
        MustBeNear($"{name}: gradient", golden.Doubles("gradient"), dx.Host);
    }

    private static TheoryData<string> Names(string kind) => [.. Golden.GetProperty(kind).EnumerateArray().Select(golden => golden.Text("name"))];

    private static JsonElement Case(string kind, string name) => Golden.GetProperty(kind).EnumerateArray().Single(golden => golden.Text("name") == name);

    private static Tensor On(Device device, float[] values)
    {
        var tensor = new Tensor(device.Allocate(values.Length), 0, values.Length);
        values.CopyTo(tensor.Host);
        return tensor;
    }

    /// <summary>A handful of roundings: of exp, of a sum over at most a hundred classes, of log.</summary>
    private static void MustBeNear(string what, double[] expected, ReadOnlySpan<float> found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            var allowed = 2e-6 * Math.Max(1, Math.Abs(expected[i]));
            Assert.True(Math.Abs(found[i] - expected[i]) <= allowed, $"{what}[{i}] is {found[i]:R}, PyTorch has {expected[i]:R}");
        }
    }
}

public sealed class ReferenceLossGoldenTests : LossGoldenTests
{
    protected override Device Open() => new ReferenceDevice();
}

public sealed class CpuLossGoldenTests : LossGoldenTests
{
    protected override Device Open() => Device.Cpu(2);
}
