using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Data;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Node.States;

/// <summary>What the evaluation after an epoch found, for the job's files.</summary>
/// <param name="Epoch">Counted from 1.</param>
/// <param name="Step">Behind which it was.</param>
/// <param name="IsBest">Whether no epoch before was as good.</param>
public sealed record EpochEvaluation(int Epoch, long Step, bool IsBest, ClassificationReport Report)
{
    /// <summary>Null: they are not kept of this epoch.</summary>
    public FilterRecord? Filters { get; init; }

    /// <param name="progress">Of the state that the evaluation closed.</param>
    /// <param name="samples">The <see cref="SampleResults"/> of all test images.</param>
    public static EpochEvaluation Of(TrainingProgress progress, Model model, BestMetric metric, DataSet test, ReadOnlySpan<float> samples) => new(
        progress.Epochs.Count, progress.Updates, new CheckpointFacts(progress, model).IsBest(metric), ClassificationReport.Of(test, new SampleResults(samples), model.Classes));
}
