using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

public class EarlyStoppingTests
{
    [Theory]
    [InlineData(3, 0, "5 4 4 4", 0)]
    [InlineData(3, 0, "5 4 4 4 4", 5)]
    [InlineData(2, 0, "5 4 6 3 6 6 1", 6)]
    [InlineData(1, 0, "5 5", 2)]
    [InlineData(2, 0.5, "5 4.6 4.5 4.4 4.1 4.0 3.9", 3)] // Neither 4.6 nor 4.5 is better than 5 by more than 0.5.
    [InlineData(2, 0, "nan nan 1", 2)]
    [InlineData(3, 0, "nan nan 7 8 9", 0)]
    [InlineData(3, 0, "5 nan nan nan", 4)]
    public void Losses_that_are_no_better_end_training_after_so_many_epochs(int patience, double minDelta, string losses, int stopped)
    {
        var values = losses.Split(' ').Select(text => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(stopped, EndOf(new EarlyStopping(patience, EpochMetric.TrainLoss, MinDelta: minDelta), values, value => new EpochSums(Sums(value), default)));
        Assert.Equal(stopped, EndOf(new EarlyStopping(patience, MinDelta: minDelta), values, value => new EpochSums(default, Sums(value))));
        Assert.Equal(stopped, EndOf(new EarlyStopping(patience, EpochMetric.TestLoss, MetricMode.Max, minDelta), values, value => new EpochSums(default, Sums(-value))));
    }

    [Fact]
    public void Accuracy_is_better_the_higher_it_is()
    {
        int[] correct = [3, 5, 7, 7, 6];
        Assert.Equal(5, EndOf(new EarlyStopping(2, EpochMetric.Accuracy), correct, right => new EpochSums(default, new PassSums(1, 10, right, 10, 10))));
        Assert.Equal(3, EndOf(new EarlyStopping(2, EpochMetric.Accuracy, MetricMode.Min), correct, right => new EpochSums(default, new PassSums(1, 10, right, 10, 10))));
    }

    [Fact]
    public void Epochs_without_an_evaluation_are_not_looked_at()
    {
        double?[] losses = [5, null, 6, null, null, 7, null];
        Assert.Equal(6, EndOf(new EarlyStopping(2), losses, loss => new EpochSums(Sums(1), loss is { } value ? Sums(value) : default)));
    }

    // 0: it goes on behind the last epoch.
    private static int EndOf<T>(EarlyStopping stopping, IReadOnlyList<T> values, Func<T, EpochSums> epoch) =>
        Enumerable.Range(1, values.Count).FirstOrDefault(count => stopping.EndsAfter(values.Take(count).Select(epoch)));

    private static PassSums Sums(double loss) => new(10 * loss, 10, 5, 10, 10);
}
