namespace Trainer.Kernels.Training;

/// <summary>A number that epochs are compared by.</summary>
public enum EpochMetric
{
    /// <summary>The mean loss of an epoch's steps.</summary>
    TrainLoss,

    /// <summary>The mean loss of the evaluation that closes an epoch.</summary>
    TestLoss,

    /// <summary>That evaluation's accuracy, 0..1.</summary>
    Accuracy,
}

/// <summary>Which way is better.</summary>
public enum MetricMode
{
    Min,
    Max,
}

internal static class EpochMetrics
{
    /// <summary>Whether only epochs that an evaluation closed have the number.</summary>
    public static bool LooksAtEvaluations(this EpochMetric metric) => metric != EpochMetric.TrainLoss;

    /// <summary>The numbers of those epochs that have one, in order.</summary>
    public static IEnumerable<double> Of(this EpochMetric metric, IEnumerable<EpochSums> epochs) =>
        epochs.Where(epoch => !metric.LooksAtEvaluations() || epoch.Test.Samples > 0).Select(epoch => metric switch
        {
            EpochMetric.TrainLoss => epoch.Train.MeanLoss,
            EpochMetric.TestLoss => epoch.Test.MeanLoss,
            _ => epoch.Test.Accuracy,
        });
}
