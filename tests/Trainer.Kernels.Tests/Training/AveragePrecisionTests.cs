using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

public sealed class AveragePrecisionTests
{
    /// <summary>The example of sklearn.metrics.average_precision_score's page.</summary>
    [Fact]
    public void It_is_that_of_sklearns_example() =>
        Assert.Equal(0.8333333333333333, AveragePrecision.Of([0.1f, 0.4f, 0.35f, 0.8f], [false, false, true, true]), 1e-15);

    [Fact]
    public void Ends_are_as_they_should_be()
    {
        Assert.Equal(1, AveragePrecision.Of([3, 2, 1], [true, true, false]));
        Assert.Equal(2.0 / 5, AveragePrecision.Of([7, 7, 7, 7, 7], [true, false, false, true, false]), 1e-15); // All at one threshold.
        Assert.Equal(1.0 / 3, AveragePrecision.Of([float.NaN, 2, 1], [true, false, false]), 1e-15);
        Assert.True(double.IsNaN(AveragePrecision.Of([1, 2], [false, false])));
        Assert.StartsWith("2 scores and 3 answers; expected as many.", Assert.Throws<ArgumentException>(() => AveragePrecision.Of([1, 2], [true, false, true])).Message);
    }

    /// <summary>The definition, word for word: for each threshold count all samples again.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(101, 7)]
    [InlineData(211, 1000)]
    public void It_is_the_naive_one(int samples, int levels)
    {
        var scores = TestData.Values(samples, 1).Select(value => MathF.Floor(value * levels)).ToArray();
        var isOf = TestData.Values(samples, 2).Select((value, i) => i == 0 || value > 0.4f).ToArray();
        var (sum, before, all) = (0.0, 0.0, isOf.Count(answer => answer));
        foreach (var threshold in scores.Distinct().OrderDescending())
        {
            var taken = Enumerable.Range(0, samples).Where(i => scores[i] >= threshold).ToList();
            var (right, recall) = (taken.Count(i => isOf[i]), taken.Count(i => isOf[i]) / (double)all);
            sum += (recall - before) * right / taken.Count;
            before = recall;
        }

        Assert.Equal(sum, AveragePrecision.Of(scores, isOf), 1e-12);
    }
}
