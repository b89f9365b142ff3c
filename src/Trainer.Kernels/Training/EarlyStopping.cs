namespace Trainer.Kernels.Training;

/// <summary>Ends training when a metric has not become better for so many epochs, as Keras and Lightning do.</summary>
/// <remarks>
/// Follows from what closed epochs came to, which belongs to the training's state and its hash: all members of a job come to the same end, whoever was lost on the way. Epochs without the
/// evaluation that is asked for are not looked at. What is no number is never better.
/// </remarks>
/// <param name="Patience">Epochs in a row that are not better than the best before them end training; at least 1.</param>
/// <param name="Mode">Null: accuracy is better the higher it is, losses the lower they are.</param>
/// <param name="MinDelta">By how much a value must be better than the best so far; not below 0.</param>
public sealed record EarlyStopping(int Patience, EpochMetric Metric = EpochMetric.TestLoss, MetricMode? Mode = null, double MinDelta = 0)
{
    private bool IsMax => (Mode ?? (Metric == EpochMetric.Accuracy ? MetricMode.Max : MetricMode.Min)) == MetricMode.Max;

    /// <summary>Whether training ends behind these epochs.</summary>
    public bool EndsAfter(IEnumerable<EpochSums> epochs)
    {
        var (bad, best) = (0, double.NegativeInfinity);
        foreach (var value in Metric.Of(epochs).Select(value => IsMax ? value : -value))
        {
            (best, bad) = value > best + MinDelta || (double.IsNegativeInfinity(best) && !double.IsNaN(value)) ? (value, 0) : (best, bad + 1);
            if (bad >= Patience)
            {
                return true;
            }
        }

        return false;
    }
}
