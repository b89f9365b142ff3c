using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

public class NetworkTests
{
    /// <summary>Two workers with two roots each, one per shard, uneven ones, and one without any: the total has the same bits.</summary>
    [Theory]
    [InlineData(29, 5)]
    [InlineData(3, 5)]
    [InlineData(16, 8)]
    public void Every_assignment_gives_the_same_total_and_the_same_hash(int samples, int shards)
    {
        using var device = new ReferenceDevice();
        var (pixels, labels) = TestData.Samples(samples, Small.Input, Small.Classes, seed: 17);
        using var whole = Start(device, samples, roots: 1);
        var slice = BatchSlice.Whole(samples, shards);
        TestData.Load(whole, slice, pixels, labels);
        var hash = TestData.Step(whole, slice);
        foreach (var starts in Assignments(shards))
        {
            using var network = Start(device, samples, roots: 8);
            var ranges = new List<ShardRange>();
            var roots = new List<Memory<float>>();
            foreach (var (lo, hi) in starts.Zip([.. starts.Skip(1), shards]))
            {
                var part = new BatchSlice(samples, shards, ShardTree.Cover(lo, hi, shards));
                TestData.Load(network, part, pixels, labels);
                network.ForwardBackward(part, 1);
                ranges.AddRange(part.Roots);
                roots.AddRange(part.Roots.Select((_, root) => network.Gradient(root).ToArray().AsMemory()));
            }

            Assert.True(GradientTree.Fold([.. roots], [.. ranges], shards, samples, network.Total));
            Assert.Equal(whole.Total.ToArray(), network.Total.ToArray());
            network.Apply();
            Assert.Equal(hash, network.States.Flip());
            Assert.Equal(whole.Weights.ToArray(), network.Weights.ToArray());
        }
    }

    [Fact]
    public void Evaluation_gives_the_losses_and_hits_of_a_training_pass_for_any_number_of_samples()
    {
        using var device = new ReferenceDevice();
        using var training = Start(device, 7, roots: 1);
        using var evaluation = new Network(Small, device, new Sgd(1), new NetworkOptions(7, Training: false));
        training.Weights.CopyTo(evaluation.EditWeights());
        var (pixels, labels) = TestData.Samples(7, Small.Input, Small.Classes, seed: 3);
        var slice = BatchSlice.Whole(7, 2);
        TestData.Load(training, slice, pixels, labels);
        TestData.Load(evaluation, slice, pixels, labels);
        training.ForwardBackward(slice, 1);
        foreach (var samples in new[] { 7, 3, 1, 0 })
        {
            evaluation.Evaluate(samples);
            Assert.Equal(training.Results.Loss[..samples].ToArray(), evaluation.Results.Loss.ToArray());
            Assert.Equal(training.Results.Correct[..samples].ToArray(), evaluation.Results.Correct.ToArray());
        }

        Assert.True(evaluation.Total.IsEmpty);
        Assert.Throws<InvalidOperationException>(() => evaluation.ForwardBackward(slice, 1));
    }

    /// <summary>However long a pass takes, a thread that computes can be told from one that is stuck.</summary>
    [Fact]
    public void A_pass_tells_of_each_of_its_operations()
    {
        using var device = new ReferenceDevice();
        using var network = Start(device, 7, roots: 1);
        var (told, done) = (0, 0);
        network.Progressing = () => told++;
        network.OperationDone = (_, _) => done++;
        network.ForwardBackward(BatchSlice.Whole(7, 2), 1);
        var training = done;
        Assert.Equal((done, true), (told, training > 3));
        network.Evaluate(7);
        Assert.Equal((done, true), (told, done > training));
    }

    [Fact]
    public void A_worker_without_samples_still_completes_its_buckets_and_leaves_gradients_alone()
    {
        using var device = new ReferenceDevice();
        using var network = Start(device, 4, roots: 1);
        var buckets = new List<int>();
        network.ForwardBackward(new BatchSlice(1, 2, [new ShardRange(0, 1)]), 1, buckets.Add);

        Assert.Equal(network.Layout.Buckets.Select(bucket => bucket.Index), buckets);
        Assert.Empty(network.Results.Loss.ToArray());
        Assert.All(network.Gradient(0).ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_bucket_is_ready_when_its_gradients_are_complete()
    {
        using var device = CpuDevice.Create(2);
        var model = new Model(new Shape(1, 4, 4), new Conv2d(2, 3), new Sigmoid(), new Flatten(), new Linear(200_000) { Bias = false }, new Linear(2));
        using var network = new Network(model, device, new Sgd(1), new NetworkOptions(1));
        network.Initialize(1);
        var seen = new List<(int Bucket, float[] Gradient)>();
        network.ForwardBackward(BatchSlice.Whole(1, 1), 1, bucket => seen.Add((bucket, network.Gradient(0).ToArray())));

        Assert.Equal([0, 1], seen.Select(ready => ready.Bucket));
        foreach (var (index, gradient) in seen)
        {
            var bucket = network.Layout.Buckets[index];
            Assert.Equal(network.Gradient(0).Slice(bucket.Offset, bucket.Elements), gradient.AsSpan(bucket.Offset, bucket.Elements));
        }
    }

    [Fact]
    public void Buckets_are_reported_in_order_and_complete_with_all_that_lies_before_them()
    {
        using var device = CpuDevice.Create(1);
        var model = new Model(new Shape(1, 28, 28), new Conv2d(3, 3), new BatchNorm2d(), new ReLU(), new Flatten(), new Linear(600), new ReLU(), new Linear(10));
        using var network = new Network(model, device, new TrainingRecipe(new Sgd(0.1)) { Loss = new CrossEntropy(IgnoreIndex: 3) }, new NetworkOptions(5));
        network.Initialize(seed: 5);
        var (pixels, labels) = TestData.Samples(5, model.Input, 10, seed: 3);
        var slice = BatchSlice.Whole(5, 1);
        TestData.Load(network, slice, pixels, labels);
        var reported = new List<(int Bucket, float[] Gradient)>();
        network.ForwardBackward(slice, 1, bucket => reported.Add((bucket, network.Gradient(0).ToArray())));

        Assert.Equal(network.Layout.Buckets.Select(bucket => bucket.Index), reported.Select(report => report.Bucket));
        Assert.True(network.Layout.Buckets.Count > 2);
        foreach (var (index, gradient) in reported)
        {
            var end = network.Layout.Buckets[index].Offset + network.Layout.Buckets[index].Elements;
            Assert.Equal(network.Gradient(0)[..end].ToArray(), gradient[..end]);
        }
    }

    [Fact]
    public void What_does_not_fit_the_plan_is_refused()
    {
        using var device = new ReferenceDevice();
        using var network = Start(device, 4, roots: 1);

        Assert.StartsWith(
            "The slice has 5 samples in 1 roots; the network was planned for 4 in 1.",
            Assert.Throws<ArgumentException>(() => network.ForwardBackward(BatchSlice.Whole(5, 1), 1)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => network.Evaluate(5));
        Assert.StartsWith(
            "A network needs at least one sample and one root; got 4 and 0.",
            Assert.Throws<ArgumentException>(() => Start(device, 4, roots: 0)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Initial_weights_are_a_function_of_the_seed_and_padding_stays_zero()
    {
        using var device = new ReferenceDevice();
        using var network = Start(device, 2, roots: 1);
        var first = network.Weights.ToArray();
        network.Initialize(6);
        Assert.NotEqual(first, network.Weights.ToArray());
        network.Initialize(5);
        Assert.Equal(first, network.Weights.ToArray());
        Assert.Equal(Small.Parameters, first.Count(value => value != 0));
    }

    private static Model Small { get; } = new(
        new Shape(1, 9, 8), new Conv2d(3, 3), new Sigmoid(), new AvgPool2d(2), new Flatten(), new Linear(7), new Sigmoid(), new Linear(3));

    private static Network Start(Device device, int samples, int roots)
    {
        var network = new Network(Small, device, new Sgd(0.5f, Momentum: 0.9f), new NetworkOptions(samples, roots));
        network.Initialize(seed: 5);
        return network;
    }

    /// <summary>First shard of each worker.</summary>
    private static IEnumerable<int[]> Assignments(int shards) =>
        [[0], [0, 1], [0, shards / 2], [0, shards - 1], [0, 2, 3], [0, shards, shards], [.. Enumerable.Range(0, shards)]];
}
