namespace Trainer.Hosting.Artifacts;

/// <summary>By what one epoch of a job is better than another (<c>cluster.checkpoint.best</c>).</summary>
/// <param name="of">As job files have it; empty, as in jobs that release 0.2 stored: accuracy.</param>
public sealed class BestMetric(string of)
{
    private const string TestLoss = "test_loss";
    private const string TrainLoss = "train_loss";

    /// <summary>What is compared.</summary>
    public double? Of(double? testAccuracy, double? testLoss, double? trainLoss) => of switch
    {
        TestLoss => testLoss,
        TrainLoss => trainLoss,
        _ => testAccuracy,
    };

    /// <summary>Whether a value is better than another one. What is no number is better than nothing.</summary>
    public bool IsBetter(double value, double than) => double.IsNaN(than) ? !double.IsNaN(value) : of is TestLoss or TrainLoss ? value < than : value > than;
}
