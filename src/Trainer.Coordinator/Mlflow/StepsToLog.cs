using Trainer.Protos;

namespace Trainer.Coordinator.Mlflow;

/// <summary>
/// Which steps of a job's curve can be logged for good: a metric that was logged stays. The store keeps two steps of each stretch of a job's steps, and those of the stretch that is open may still give
/// way to others, as may the newest of all.
/// </summary>
internal static class StepsToLog
{
    private const int OfAStretch = 2;

    /// <param name="kept">In the order of steps.</param>
    /// <param name="after">The last one that was logged.</param>
    public static IReadOnlyList<StepMetrics> Of(IReadOnlyList<StepMetrics> kept, long after, bool hasEnded) =>
        [.. kept.SkipLast(hasEnded ? 0 : OfAStretch).Where(step => (long)step.Step > after)];
}
