using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Sections;
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
