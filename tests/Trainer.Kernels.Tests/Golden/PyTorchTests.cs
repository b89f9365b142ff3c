using System.Text.Json;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>LeNet beside PyTorch 1.13 in double precision; lenet.py wrote lenet.json, and says how weights and images are made.</summary>
public class PyTorchTests
{
    private static readonly JsonElement Golden = Load();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Losses_gradients_and_trained_weights_are_those_of_pytorch(int index)
    {
        var golden = Golden.GetProperty("training")[index];
        var samples = golden.GetProperty("samples").GetInt32();
        var optimizer = new Sgd(0.1f, golden.GetProperty("momentum").GetSingle(), golden.GetProperty("weight_decay").GetSingle());
        using var device = CpuDevice.Create(2);
        using var network = new Network(Zoo.LeNet(), device, optimizer, new NetworkOptions(samples));
        SetWeights(network);
        var slice = BatchSlice.Whole(samples, 4);
        for (var step = 0; step < golden.GetProperty("losses").GetArrayLength(); step++)
        {
            Blob(100 + step, network.Input, 1);
            for (var n = 0; n < samples; n++)
            {
                network.Labels[n] = n * 7 % 10;
            }

            TestData.Step(network, slice);
            Assert.Equal(golden.GetProperty("losses")[step].GetDouble(), network.Results.Loss.ToArray().Average(loss => (double)loss), 1e-5);
            if (step == 0)
            {
                Assert.All(network.Results.Loss.ToArray(), (loss, n) => Assert.Equal(golden.GetProperty("sample_losses")[n].GetDouble(), loss, 1e-5));
                MustEqual(network.Layout, golden.GetProperty("gradients"), network.Total);
            }
        }

        MustEqual(network.Layout, golden.GetProperty("weights"), network.Weights);
    }

    [Fact]
    public void Initial_values_spread_like_those_of_pytorch()
    {
        foreach (var golden in Golden.GetProperty("initial").EnumerateArray())
        {
            var shape = golden.GetProperty("shape").EnumerateArray().Select(dimension => dimension.GetInt32()).ToArray();
            var init = golden.GetProperty("xavier").GetBoolean() ? WeightInit.XavierUniform : WeightInit.KaimingUniform;
            var parameters = shape.Length == 4
                ? new Conv2d(shape[0], (shape[2], shape[3])) { WeightInit = init }.Parameters(new Shape(shape[1], 9, 9))
                : new Linear(shape[0]) { WeightInit = init }.Parameters(new Shape(shape[1]));
            Assert.Equal(new Shape(shape), parameters[0].Shape);
            foreach (var parameter in parameters)
            {
                var values = new float[parameter.Shape.Elements];
                parameter.Initial.Fill(values, seed: 1, parameter: 0);
                var deviation = Math.Sqrt(values.Average(value => (double)value * value));

                Assert.Equal(1, values.Max(Math.Abs) / golden.GetProperty($"{parameter.Name}_max").GetDouble(), 5e-3);
                Assert.Equal(1, deviation / golden.GetProperty($"{parameter.Name}_std").GetDouble(), 5e-2);
            }
        }
    }

    private static void SetWeights(Network network)
    {
        var slots = network.Layout.Slots.Reverse().ToList();
        for (var i = 0; i < slots.Count; i++)
        {
            Blob(i, network.EditWeights().Slice(slots[i].Offset, slots[i].Elements), 0.25);
        }
    }

    private static void Blob(int number, Span<float> values, double scale)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var word = (uint)(((i + 1L) * 2654435761) + (number * 40503L));
            values[i] = (float)(scale * ((word / 2147483648.0) - 1));
        }
    }

    /// <summary>Each sampled element within 2e-5 of the blob's norm, which itself is good to 1e-5.</summary>
    private static void MustEqual(ParameterLayout layout, JsonElement golden, ReadOnlySpan<float> flat)
    {
        foreach (var slot in layout.Slots)
        {
            var (digest, found) = (golden.GetProperty(slot.Name), flat.Slice(slot.Offset, slot.Elements).ToArray());
            var norm = digest.GetProperty("norm").GetDouble();
            Assert.Equal(1, Math.Sqrt(found.Sum(value => (double)value * value)) / norm, 1e-5);
            foreach (var (expected, i) in digest.GetProperty("values").EnumerateArray().Select((value, i) => (value.GetDouble(), i)))
            {
                var element = i * digest.GetProperty("stride").GetInt32();
                Assert.True(Math.Abs(found[element] - expected) <= 2e-5 * norm, $"{slot.Name}[{element}]: found {found[element]}, PyTorch has {expected}");
            }
        }
    }

    private static JsonElement Load()
    {
        using var stream = typeof(PyTorchTests).Assembly.GetManifestResourceStream("lenet.json")!;
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
