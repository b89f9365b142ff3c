using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Data.Transforms;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Data;

public sealed class ClassSamplingTests
{
    /// <summary>Classes of 3, 61 and 1009 samples, label 1 missing.</summary>
    private static readonly int[] Labels = [.. Enumerable.Range(0, 1073).Select(i => i < 3 ? 0 : i < 64 ? 2 : 3)];

    /// <summary>torch.multinomial's probabilities: a sample's weight over the sum of all. Chi-squared over samples; 10 standard deviations above its mean never come by chance.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(new[] { 1.0, 0, 1, 1 })]
    [InlineData(new[] { 5, 7, 0, 0.25 })]
    public void Samples_come_as_often_as_they_weigh(double[]? weights)
    {
        var (set, counts) = (Set().Sampling(weights is null ? new BalancedSampling() : new WeightedSampling(weights)), new double[Labels.Length]);
        var order = new int[Labels.Length];
        const int Epochs = 300;
        for (var epoch = 1; epoch <= Epochs; epoch++)
        {
            set.FillEpoch(order, seed: 9, epoch);
            foreach (var sample in order)
            {
                counts[sample]++;
            }
        }

        double[] each = [.. Labels.Select(label => weights?[label] ?? (1.0 / Labels.Count(other => other == label)))];
        double[] expected = [.. each.Select(weight => weight / each.Sum() * Epochs * Labels.Length)];
        var chi = counts.Zip(expected).Where(pair => pair.Second > 0).Sum(pair => (pair.First - pair.Second) * (pair.First - pair.Second) / pair.Second);
        var freedom = expected.Count(value => value > 0) - 1;

        Assert.All(counts.Zip(expected).Where(pair => pair.Second == 0), pair => Assert.Equal(0, pair.First));
        Assert.InRange(chi, freedom - (10 * Math.Sqrt(2 * freedom)), freedom + (10 * Math.Sqrt(2 * freedom)));
    }

    [Fact]
    public void What_is_drawn_is_a_function_of_seed_and_epoch()
    {
        Assert.Equal(Drawn(3, 2), Drawn(3, 2));
        Assert.NotEqual(Drawn(3, 2), Drawn(3, 1));
        Assert.NotEqual(Drawn(3, 2), Drawn(4, 2));
        Assert.NotEqual(Drawn(3, 2), Drawn(3 + (1UL << 32), 2));

        static int[] Drawn(ulong seed, int epoch)
        {
            var order = new int[Labels.Length];
            Set().Sampling(new BalancedSampling()).FillEpoch(order, seed, epoch);
            return order;
        }
    }

    [Fact]
    public void Epochs_of_training_draw_and_keep_their_count()
    {
        using var device = CpuDevice.Create(1);
        var model = Model.FromJson("""[{"flatten":{}},{"linear":{"out_features":4}}]""", new Shape(1, 2, 3));
        using var plain = new LocalTrainer(model, device, new Sgd(0.1), 100, seed: 5);
        using var drawn = new LocalTrainer(model, device, new Sgd(0.1), 100, seed: 5);
        plain.TrainEpoch(Set());
        drawn.TrainEpoch(Set().Sampling(new BalancedSampling()));

        Assert.NotEqual(plain.WeightsHash, drawn.WeightsHash);
        Assert.Equal((11, 1073), (drawn.Network.State.Progress.Updates, drawn.Network.State.Progress.Epochs[0].Train.Samples));
    }

    /// <summary>By where it is in the epoch, whatever the batch; what comes once keeps the draws of its sample.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_sample_that_comes_several_times_is_augmented_anew_each_time(bool asPicture)
    {
        Transform transform = asPicture ? new RandomCrop([2, 3], Padding: [2]) : new RandomErasing(P: 1, Scale: [0.2, 0.6]);
        var set = Set().With(transform);
        var drawn = set.Sampling(new BalancedSampling());

        Assert.Single(Read(set, 0, 41).Distinct(StringComparer.Ordinal));
        var all = Read(drawn, 0, 41);
        Assert.NotInRange(all.Distinct(StringComparer.Ordinal).Count(), 0, 4);
        Assert.Equal(all[17..], Read(drawn, 17, 24));

        // Sample 700, so many times from a place in the epoch on.
        static string[] Read(DataSet set, int first, int count)
        {
            using var loader = new BatchLoader([set], seed: 3);
            loader.Begin(new OneSample(700, first, count));
            var images = new float[count * 6];
            loader.Take(images, new int[count]);
            return [.. images.Chunk(6).Select(image => string.Join(' ', image))];
        }
    }

    [Fact]
    public void Parts_are_taken_before_samples_are_drawn()
    {
        var set = Set().Skipping(-1, _ => { }).Mixing(new Mixup(1));
        DataSet[] parts = [set.Take(7), set.Sample(7), set.Split(7, seed: 1).Train, set.Split(7, seed: 1).Validation, set.With(new RandomErasing())];
        Assert.All(parts, part => Assert.Equal((set.Mix, set.Skips, false), (part.Mix, part.Skips, part.IsDrawn)));

        var drawn = set.Sampling(new BalancedSampling());
        var (transformed, order, other) = (drawn.With(new RandomErasing()), new int[Labels.Length], new int[Labels.Length]);
        drawn.FillEpoch(order, seed: 9, epoch: 2);
        transformed.FillEpoch(other, seed: 9, epoch: 2);
        Assert.Equal(order, other);
        Assert.Equal((set.Mix, set.Skips), (transformed.Mix, transformed.Skips));
        Assert.Same(drawn, drawn.Sample(Labels.Length));
        foreach (var part in new Action[] { () => drawn.Take(7), () => drawn.Sample(7), () => drawn.Split(7, seed: 1) })
        {
            Assert.Equal(
                "The samples of this set are drawn by their classes, of all of it: take the part first, and call Sampling on that.",
                Assert.Throws<InvalidOperationException>(part).Message);
        }
    }

    [Fact]
    public void Weights_that_do_not_fit_the_classes_are_refused()
    {
        using var folder = new TemporaryFolder();
        var table = Path.Combine(folder.Path, "train.csv");
        File.WriteAllLines(table, Enumerable.Range(0, 12).Select(i => $"{i % 3},{i},2,3,4"));

        Assert.Equal(
            "data.sampling.weighted.class_weights: has 2 weights, and samples have the label 2; expected one weight for each class from 0 on",
            Refused("""{"weighted":{"class_weights":[1,2]}}"""));
        Assert.Equal(
            "data.sampling.weighted.class_weights: gives all classes that occur a weight of 0; expected one above 0", Refused("""{"weighted":{"class_weights":[0,0,0,1]}}"""));

        var (train, _) = DataSection.Load($$$"""{"csv":{"train":"{{{table}}}"},"sampling":{"balanced":{}},"validation":{"samples":3}}""");
        var order = new int[9];
        train.FillEpoch(order, seed: 1, epoch: 1);
        Assert.Equal(9, train.Count);
        Assert.All(order, sample => Assert.InRange(sample, 0, 8));

        string Refused(string sampling) => Assert.Throws<ModelException>(
            () => DataSection.Describe($$$"""{"csv":{"train":"{{{table}}}"},"validation":{"samples":3},"sampling":{{{sampling}}}}""")).Message;
    }

    private sealed class OneSample(int sample, int first, int count) : IBatchPlan
    {
        private bool _isOver;

        public bool Next(BatchSamples batch)
        {
            if (_isOver)
            {
                return false;
            }

            batch.Begin(0, 1);
            batch.Add([.. Enumerable.Repeat(sample, count / 2)], first);
            batch.Add([.. Enumerable.Repeat(sample, count - (count / 2))], first + (count / 2));
            return _isOver = true;
        }
    }

    private static DataSet Set()
    {
        var pixels = new byte[Labels.Length * 6];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(i * 37);
        }

        return DataSet.FromArrays(new Shape(1, 2, 3), pixels, Labels);
    }
}
