using Trainer.Kernels.Training;
using Trainer.Protos;

namespace Trainer.Node.Training;

/// <summary>
/// The epochs that are closed, as users see them. What they came to is in the state; how long they took is a measurement, which is known of those that this worker
/// or the job's entity has seen.
/// </summary>
internal sealed class EpochBook
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<uint, EpochSummary> _epochs = [];

    /// <summary>In order.</summary>
    public IReadOnlyList<EpochSummary> Closed
    {
        get
        {
            lock (_lock)
            {
                return [.. _epochs.Values];
            }
        }
    }

    public void Add(EpochSummary epoch)
    {
        lock (_lock)
        {
            _epochs[epoch.Epoch] = epoch;
        }
    }

    /// <summary>Goes on from a state: its epochs, with the measurements that are known, and none beyond them.</summary>
    public void Restore(TrainingProgress progress, IEnumerable<EpochSummary> known)
    {
        var closed = progress.Epochs;
        lock (_lock)
        {
            foreach (var summary in known)
            {
                _epochs.TryAdd(summary.Epoch, summary);
            }

            var evaluations = progress.Evaluations.ToLookup(evaluation => evaluation.Epoch);
            for (var epoch = 1; epoch <= closed.Count; epoch++)
            {
                if (!_epochs.ContainsKey((uint)epoch))
                {
                    _epochs.Add((uint)epoch, Summary(epoch, closed[epoch - 1], evaluations[epoch]));
                }
            }

            foreach (var later in _epochs.Keys.Where(epoch => epoch > closed.Count).ToList())
            {
                _epochs.Remove(later);
            }
        }
    }

    /// <summary>What the state says of an epoch, without measurements.</summary>
    /// <param name="epoch">From 1.</param>
    public static EpochSummary Summary(int epoch, TrainingProgress progress) =>
        Summary(epoch, progress.Epochs[epoch - 1], progress.Evaluations.Where(evaluation => evaluation.Epoch == epoch));

    private static EpochSummary Summary(int epoch, in EpochSums sums, IEnumerable<Kernels.Training.StepEvaluation> evaluations)
    {
        var (train, test) = sums;
        return new EpochSummary
        {
            Epoch = (uint)epoch,
            Loss = train.Samples > 0 ? train.MeanLoss : 0,
            TrainAccuracy = train.Samples > 0 ? train.Accuracy : 0,
            TestLoss = test.MeanLoss,
            TestAccuracy = test.Accuracy,
            IgnoredSamples = (ulong)(train.Samples - train.Counted),
            Evaluations = { evaluations.Select(Of) },
        };
    }

    /// <summary>What the state says of an evaluation within an epoch.</summary>
    public static Protos.StepEvaluation Of(Kernels.Training.StepEvaluation evaluation) =>
        new() { Step = (ulong)evaluation.Updates, TestLoss = evaluation.Test.MeanLoss, TestAccuracy = evaluation.Test.Accuracy };
}
