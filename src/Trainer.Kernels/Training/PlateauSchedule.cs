using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Training;

/// <summary>What a threshold is a part of.</summary>
public enum ThresholdMode
{
    /// <summary>Of the best value so far.</summary>
    Rel,

    /// <summary>Of nothing: it is the difference itself.</summary>
    Abs,
}

/// <summary>The rate times a factor whenever a metric has not become better for some epochs: torch's ReduceLROnPlateau.</summary>
/// <remarks>
/// Follows from what closed epochs came to, which belongs to the training's state and its hash: it changes at an epoch's evaluation alone, and whoever has the state has the rate.
/// Epochs that warm-up takes whole, and those without the evaluation that is asked for, are not looked at. Where training goes on from files, it begins anew.
/// </remarks>
/// <param name="Patience">Epochs without a better value that pass before the rate is reduced at the next one.</param>
/// <param name="Threshold">By how much a value must be better.</param>
/// <param name="Cooldown">Epochs behind a reduction that count for nothing.</param>
/// <param name="MinRate">No rate is reduced below it.</param>
/// <param name="Eps">A reduction by no more than this is left out.</param>
[Kind("reduce_on_plateau")]
public sealed record PlateauSchedule(
    EpochMetric Metric = EpochMetric.TestLoss, MetricMode Mode = MetricMode.Min, double Factor = 0.1, int Patience = 10, double Threshold = 1e-4,
    ThresholdMode ThresholdMode = ThresholdMode.Rel, int Cooldown = 0, [property: Option("min_lr")] double MinRate = 0, double Eps = 1e-8)
    : LearningRateSchedule
{
    public override bool LooksAtEvaluations => Metric.LooksAtEvaluations();

    private protected override double RateBehindWarmup(double initial, long step, TrainingLength length)
    {
        for (var reductions = Reductions(length.PastBehind(step)); reductions > 0; reductions--)
        {
            var reduced = Math.Max(initial * Factor, MinRate);
            initial = initial - reduced > Eps ? reduced : initial;
        }

        return initial;
    }

    private int Reductions(IEnumerable<EpochSums> epochs)
    {
        var (reductions, bad, cooldown, best) = (0, 0, 0, Mode == MetricMode.Min ? double.PositiveInfinity : double.NegativeInfinity);
        foreach (var value in Metric.Of(epochs))
        {
            (best, bad) = IsBetter(value, best) ? (value, 0) : (best, bad + 1);
            (cooldown, bad) = cooldown > 0 ? (cooldown - 1, 0) : (cooldown, bad);
            if (bad > Patience)
            {
                (reductions, cooldown, bad) = (reductions + 1, Cooldown, 0);
            }
        }

        return reductions;
    }

    /// <summary>What is no number is never better.</summary>
    private bool IsBetter(double value, double best) => (Mode, ThresholdMode) switch
    {
        (MetricMode.Min, ThresholdMode.Rel) => value < best * (1 - Threshold),
        (MetricMode.Min, _) => value < best - Threshold,
        (_, ThresholdMode.Rel) => value > best * (Threshold + 1),
        _ => value > best + Threshold,
    };
}
