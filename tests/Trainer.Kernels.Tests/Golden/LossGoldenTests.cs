using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Tests.Devices;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>Losses beside PyTorch in double precision (losses.py), sample by sample; one thin class per device.</summary>
public abstract class LossGoldenTests
{
    private static readonly JsonElement Golden = GoldenValues.Load("losses.json");

    public static TheoryData<string> CrossEntropies => Names("cross_entropy");

    public static TheoryData<string> MixedCrossEntropies => Names("mixed_cross_entropy");

    public static TheoryData<string> SquaredErrors => Names("squared_error");

    public static TheoryData<string> BinaryCrossEntropies => Names("binary_cross_entropy");

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
            golden.GetProperty("weighted").GetBoolean() ? device.Place(GoldenValues.Tensor($"{name}.weight", classes, 0.5, 1)) : default);
        var logits = device.Place(GoldenValues.Tensor($"{name}.logits", samples * classes, golden.GetProperty("scale").GetDouble()));
        var labels = device.Place(Enumerable.Range(0, samples).Select(n => n * 7 % classes).ToArray());
        var (loss, correct, dx) = (device.Zeros(samples), device.Zeros(samples), device.Zeros(samples * classes));
        device.Losses.SoftmaxCrossEntropy(options, classes, samples, logits, labels, loss, correct, dx);

        MustBeNear($"{name}: loss", golden.Doubles("losses"), device.Read(loss));
        MustBeNear($"{name}: gradient", golden.Doubles("gradient"), device.Read(dx));

        var weights = options.ClassWeights.IsEmpty ? null : device.Read(options.ClassWeights).Select(weight => (double)weight).ToArray();
        var entropy = new CrossEntropy(weights, options.IgnoreIndex ?? -100, options.LabelSmoothing);
        var weight = Enumerable.Range(0, samples).Sum(n => (double)entropy.WeightOf(n * 7 % classes));
        MustBeNear($"{name}: mean", [golden.GetProperty("mean").GetDouble()], [(float)(device.Read(loss).Sum(value => (double)value) / weight)]);
    }

    /// <summary>Targets of two classes: torch's mean is over samples, whatever classes weigh.</summary>
    [Theory]
    [MemberData(nameof(MixedCrossEntropies))]
    public void Mixed_cross_entropy(string name)
    {
        var golden = Case("mixed_cross_entropy", name);
        var (samples, classes, share) = (golden.Int("samples"), golden.Int("classes"), golden.GetProperty("share").GetSingle());
        using var device = Open();
        var options = new CrossEntropyOptions(
            null,
            golden.GetProperty("label_smoothing").GetSingle(),
            golden.GetProperty("weighted").GetBoolean() ? device.Place(GoldenValues.Tensor($"{name}.weight", classes, 0.5, 1)) : default,
            device.Place(Enumerable.Range(0, samples).Select(n => ((n * 7) + 3) % classes).ToArray()),
            new LabelShares(share, 1 - share));
        var logits = device.Place(GoldenValues.Tensor($"{name}.logits", samples * classes, 4));
        var labels = device.Place(Enumerable.Range(0, samples).Select(n => n * 7 % classes).ToArray());
        var (loss, correct, dx) = (device.Zeros(samples), device.Zeros(samples), device.Zeros(samples * classes));
        device.Losses.SoftmaxCrossEntropy(options, classes, samples, logits, labels, loss, correct, dx);

        MustBeNear($"{name}: loss", golden.Doubles("losses"), device.Read(loss));
        MustBeNear($"{name}: gradient", golden.Doubles("gradient"), device.Read(dx));
        Assert.False(new CrossEntropy([.. Enumerable.Repeat(0.5, classes)]) { MixesLabels = true }.HasWeights);
        MustBeNear($"{name}: mean", [golden.GetProperty("mean").GetDouble()], [(float)(device.Read(loss).Sum(value => (double)value) / samples)]);
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
        var (loss, correct, dx) = (device.Zeros(samples), device.Zeros(samples), device.Zeros(samples * elements));
        device.Losses.SquaredError(
            new(factor, factor), elements, samples, device.Place(GoldenValues.Tensor($"{name}.y", samples * elements)),
            device.Place(GoldenValues.Tensor($"{name}.target", samples * elements)), loss, correct, dx);

        MustBeNear($"{name}: loss", [golden.GetProperty("loss").GetDouble()], [device.Read(loss).Sum()]);
        MustBeNear($"{name}: gradient", golden.Doubles("gradient"), device.Read(dx));
    }

    [Theory]
    [MemberData(nameof(BinaryCrossEntropies))]
    public void Binary_cross_entropy(string name)
    {
        var golden = Case("binary_cross_entropy", name);
        var (samples, classes) = (golden.Int("samples"), golden.Int("classes"));
        using var device = Open();
        Tensor Weights(string kind) => device.Place(golden.GetProperty(kind).GetBoolean()
            ? GoldenValues.Tensor($"{name}.{kind}", classes, 0.5, 1)
            : [.. Enumerable.Repeat(1f, classes)]);
        var factor = golden.Text("reduction") == "mean" ? 1f / (samples * classes) : 1;
        var (loss, correct, dx) = (device.Zeros(samples), device.Zeros(samples), device.Zeros(samples * classes));
        device.Losses.BinaryCrossEntropy(
            new(factor, factor), classes, samples, Weights("weight"), Weights("pos_weight"),
            device.Place(GoldenValues.Tensor($"{name}.logits", samples * classes, golden.GetProperty("scale").GetDouble())),
            device.Place(GoldenValues.Tensor($"{name}.target", samples * classes, 0.5, 0.5f)), loss, correct, dx);

        MustBeNear($"{name}: loss", [golden.GetProperty("loss").GetDouble()], [device.Read(loss).Sum()]);
        MustBeNear($"{name}: gradient", golden.Doubles("gradient"), device.Read(dx));
    }

    private static TheoryData<string> Names(string kind) => [.. Golden.GetProperty(kind).EnumerateArray().Select(golden => golden.Text("name"))];

    private static JsonElement Case(string kind, string name) => Golden.GetProperty(kind).EnumerateArray().Single(golden => golden.Text("name") == name);

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
    protected override Device Open() => CpuDevice.Create(2);
}
