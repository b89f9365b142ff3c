using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>Small trainings beside PyTorch in double precision (training.py): what layers, losses, optimizers and statistics do to each other.</summary>
public abstract class TrainingGoldenTests
{
    private static readonly Dictionary<string, JsonElement> All = GoldenValues.Load("training.json")
        .GetProperty("cases").EnumerateArray().ToDictionary(golden => golden.Text("name"));

    public static TheoryData<string> Cases => [.. All.Keys];

    protected abstract Device Open();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_weights_and_statistics_are_those_of_pytorch(string name)
    {
        var golden = All[name];
        var labels = golden.GetProperty("labels").EnumerateArray().Select(batch => batch.EnumerateArray().Select(label => label.GetInt32()).ToArray()).ToArray();
        var losses = golden.GetProperty("losses").EnumerateArray().ToArray();
        using var device = Open();
        var stepsPerEpoch = golden.TryGetProperty("steps_per_epoch", out var steps) ? steps.GetInt32() : labels.Length;
        using var network = Start(device, golden, labels.Max(batch => batch.Length), stepsPerEpoch);
        var recipe = TrainingRecipe.FromJson(golden.GetProperty("training").GetRawText());
        var (loss, firstEstimate) = (recipe.Loss, recipe.FirstEstimate(network.Model));
        for (var step = 0; step < labels.Length; step++)
        {
            TestData.Step(network, Load(step), (ulong)step + 1);
            var (sum, weight) = (network.Results.Loss.ToArray().Sum(value => (double)value), labels[step].Sum(label => (double)loss.WeightOf(label)));
            var expected = losses[step].ValueKind == JsonValueKind.Null ? double.NaN : losses[step].GetDouble();
            Assert.Equal(double.IsNaN(expected), weight == 0);
            Assert.True(weight == 0 || Math.Abs((sum / weight) - expected) <= 1e-5 * Math.Max(1, expected), $"loss of step {step}: {sum / weight:R}, PyTorch has {expected:R}");
            if ((step + 1) % stepsPerEpoch == 0 && (step + 1) / stepsPerEpoch >= firstEstimate)
            {
                for (var batch = step + 1 - stepsPerEpoch; batch <= step; batch++)
                {
                    TestData.Estimate(network, Load(batch), (ulong)batch + 1);
                }
            }
        }

        foreach (var (entry, slot) in network.Layout.StateDict)
        {
            var expected = golden.GetProperty("result").Doubles(entry);
            if (slot is null)
            {
                if (expected is [0] && name == "frozen statistics")
                {
                    continue; // torch counts no batches of a module in eval mode.
                }

                Assert.Equal([network.BatchesTracked(entry)], expected.Select(count => (long)count));
            }
            else
            {
                Near.Check($"{name}: {entry}", expected, network.State.ResultWeights.Slice(slot.Offset, slot.Elements), terms: 100);
            }
        }

        BatchSlice Load(int step)
        {
            var slice = BatchSlice.Whole(labels[step].Length, 1);
            var pixels = GoldenValues.Tensor($"{name}.x.{step}", slice.Samples * network.Model.Input.Elements, golden.GetProperty("scale").GetDouble());
            TestData.Load(network, slice, pixels, labels[step]);
            return slice;
        }
    }

    private static Network Start(Device device, JsonElement golden, int samples, int stepsPerEpoch)
    {
        var model = Model.FromJson(golden.GetProperty("layers").GetRawText(), golden.GetProperty("input").ShapeOf());
        var recipe = TrainingRecipe.FromJson(golden.GetProperty("training").GetRawText());
        var network = new Network(model, device, recipe, new NetworkOptions(samples)) { StepsPerEpoch = stepsPerEpoch };
        network.Initialize(seed: 1);
        foreach (var (entry, slot) in network.Layout.StateDict)
        {
            var given = golden.GetProperty("start").TryGetProperty(entry, out var value);
            if (slot is null)
            {
                network.TrackBatchesFrom(entry, given ? value.GetInt64() : 0);
            }
            else if (given)
            {
                network.EditWeights().Slice(slot.Offset, slot.Elements).Fill(value.GetSingle());
            }
            else if (slot.Kind == SlotKind.Parameter)
            {
                GoldenValues.Fill($"{golden.Text("name")}.{entry}", network.EditWeights().Slice(slot.Offset, slot.Elements), 0.25);
            }
        }

        return network;
    }
}

public sealed class ReferenceTrainingGoldenTests : TrainingGoldenTests
{
    protected override Device Open() => new ReferenceDevice();
}

public sealed class CpuTrainingGoldenTests : TrainingGoldenTests
{
    protected override Device Open() => CpuDevice.Create(2);
}
