using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

public class NetworkTests
{
    [Theory]
    [InlineData(64, 8, 4)]
    [InlineData(13, 16, 10)]
    public void The_first_steps_of_lenet_are_those_of_a_naive_trainer(int samples, int shards, int steps)
    {
        using var device = new ReferenceDevice();
        using var network = new Network(Zoo.LeNet(), device, new Sgd(0.9f), new NetworkOptions(samples));
        network.Initialize(seed: 0);
        var naive = new NaiveTrainer(network.Layout.Slots.ToDictionary(
            slot => slot.Name, slot => network.Weights.Slice(slot.Offset, slot.Elements).ToArray().Select(value => (double)value).ToArray()));
        for (var step = 1; step <= steps; step++)
        {
            var (pixels, labels) = TestData.Samples(samples, network.Model.Input, 10, seed: (ulong)step);
            var slice = BatchSlice.Whole(samples, shards);
            TestData.Load(network, slice, pixels, labels);
            TestData.Step(network, slice);
            var images = pixels.Select(value => (double)value).Chunk(28 * 28).ToArray();

            var expected = naive.Step(images, labels, learningRate: 0.9);
            Assert.Equal(expected, network.SampleLoss.ToArray().Average(loss => (double)loss), 1e-4);
        }

        foreach (var slot in network.Layout.Slots)
        {
            var (found, expected) = (network.Weights.Slice(slot.Offset, slot.Elements).ToArray(), naive.Weights[slot.Name]);
            for (var i = 0; i < found.Length; i++)
            {
                Assert.True(Math.Abs(found[i] - expected[i]) < 2e-4, $"{slot.Name}[{i}]: found {found[i]}, expected {expected[i]}");
            }
        }
    }
}
