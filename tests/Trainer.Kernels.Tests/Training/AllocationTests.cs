using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

/// <summary>Runs alone, since allocations of all threads are counted.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public class AllocationTests
{
    [Theory]
    [InlineData(1, ComputePrecision.Exact)]
    [InlineData(3, ComputePrecision.Exact)]
    [InlineData(3, ComputePrecision.Tf32)]
    public void A_warm_step_allocates_nothing_on_the_managed_heap(int threads, ComputePrecision compute)
    {
        using var device = CpuDevice.Create(threads);
        var recipe = new TrainingRecipe(new Sgd(0.9f, Momentum: 0.9f)) { Precision = new(compute) };
        using var network = new Network(Zoo.LeNet(), device, recipe, new NetworkOptions(62, MaxRoots: 2));
        network.Initialize(1);
        var slice = new BatchSlice(97, 11, [new ShardRange(0, 4), new ShardRange(8, 11)]);
        var (pixels, labels) = TestData.Samples(97, network.Model.Input, 10, seed: 1);
        TestData.Load(network, slice, pixels, labels);
        Memory<float>[] roots = [network.Gradient(0).ToArray(), network.Gradient(0).ToArray(), network.Gradient(0).ToArray()];
        ShardRange[] ranges = [slice.Roots[0], new ShardRange(4, 8), slice.Roots[1]];
        var buckets = 0;
        void Ready(int bucket) => buckets++;
        Action<int> ready = Ready;

        // Whatever else the process does now and then must miss one of the attempts; a step that allocates never does.
        var fewest = long.MaxValue;
        for (var attempt = 0; attempt < 20; attempt++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            network.ForwardBackward(slice, 1, ready);
            GradientTree.Fold(roots, ranges, slice.Shards, slice.Samples, network.Total);
            Bfloat16.Round(network.Total);
            network.Apply();
            network.States.Flip();
            network.Evaluate(7);
            fewest = Math.Min(fewest, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.Equal(0, fewest);
        Assert.Equal(20, buckets);
    }
}
