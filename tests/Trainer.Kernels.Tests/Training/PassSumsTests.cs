using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

public class PassSumsTests
{
    private static readonly float[] Losses = TestData.Values(97, seed: 1);
    private static readonly float[] Weights = TestData.Values(97, seed: 2);
    private static readonly float[] Counted = [.. Enumerable.Range(0, 97).Select(i => i % 7 == 5 ? 0f : 1f)];
    private static readonly float[] Correct = [.. Enumerable.Range(0, 97).Select(i => i % 3 == 0 ? 1f : 0f)];

    [Theory]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(96)]
    public void Parts_one_after_another_have_the_sums_of_the_whole(int part)
    {
        var sums = default(PassSums);
        for (var first = 0; first < Losses.Length; first += part)
        {
            sums = sums.With(Results(first, Math.Min(part, Losses.Length - first)));
        }

        Assert.Equal(default(PassSums).With(Results(0, Losses.Length)), sums);
        Assert.Equal((Losses.Sum(loss => (double)loss), Weights.Sum(weight => (double)weight)), (sums.Loss, sums.Weight));
        Assert.Equal((33L, 83L, 97L), (sums.Correct, sums.Counted, sums.Samples));
    }

    [Fact]
    public void The_mean_loss_is_by_weight_and_the_accuracy_by_sample_that_counts()
    {
        var epoch = new PassSums(Loss: 6, Weight: 4, Correct: 3, Counted: 5, Samples: 9) + new PassSums(Loss: 3, Weight: 2, Correct: 1, Counted: 3, Samples: 3);

        Assert.Equal((1.5, 0.5, 12L), (epoch.MeanLoss, epoch.Accuracy, epoch.Samples));
    }

    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(double.NaN, 0, false)]
    [InlineData(1, 2, true)]
    [InlineData(double.PositiveInfinity, 2, false)]
    public void Sums_of_nothing_that_counts_are_finite_though_they_have_no_mean(double loss, double weight, bool isFinite) =>
        Assert.Equal(isFinite, new PassSums(loss, weight, 0, 0, 3).IsFinite);

    private static SampleResults Results(int first, int count) =>
        new((float[])[.. Losses[first..(first + count)], .. Weights[first..(first + count)], .. Correct[first..(first + count)], .. Counted[first..(first + count)], .. new float[2 * count]]);
}
