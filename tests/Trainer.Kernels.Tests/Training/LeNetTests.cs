using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

/// <summary>Whole steps of LeNet on the CPU device.</summary>
public class LeNetTests
{
    private const int Batch = 256;

    [Fact]
    public void The_first_ten_steps_are_those_of_a_naive_trainer() => MustTrainAsNaively(samples: 13, shards: 16);

    [Fact]
    [Trait("Category", "Long")]
    public void The_first_ten_steps_of_large_batches_are_those_of_a_naive_trainer() => MustTrainAsNaively(Batch, shards: 16);

    private static void MustTrainAsNaively(int samples, int shards)
    {
        using var device = CpuDevice.Create(2);
        using var network = Start(device, samples);
        var naive = new NaiveTrainer(network.Layout.Slots.ToDictionary(
            slot => slot.Name, slot => network.Weights.Slice(slot.Offset, slot.Elements).ToArray().Select(value => (double)value).ToArray()));
        for (var step = 1; step <= 10; step++)
        {
            var (pixels, labels) = TestData.Samples(samples, network.Model.Input, 10, seed: (ulong)step);
            Train(network, BatchSlice.Whole(samples, shards), pixels, labels);

            var expected = naive.Step(pixels.Select(value => (double)value).Chunk(28 * 28).ToArray(), labels, learningRate: 0.9);
            Assert.Equal(expected, network.Results.Loss.ToArray().Average(loss => (double)loss), 1e-4);
        }

        foreach (var slot in network.Layout.Slots)
        {
            var (found, expected) = (network.Weights.Slice(slot.Offset, slot.Elements).ToArray(), naive.Weights[slot.Name]);
            Assert.All(found, (value, i) => Assert.True(Math.Abs(value - expected[i]) < 1e-4, $"{slot.Name}[{i}]: found {value}, expected {expected[i]}"));
        }
    }

    private static Network Start(Device device, int samples)
    {
        var network = new Network(Zoo.LeNet(), device, new Sgd(0.9f), new NetworkOptions(samples));
        network.Initialize(seed: 0);
        return network;
    }

    private static ulong Train(Network network, BatchSlice slice, float[] pixels, int[] labels)
    {
        TestData.Load(network, slice, pixels, labels);
        return TestData.Step(network, slice);
    }
}
