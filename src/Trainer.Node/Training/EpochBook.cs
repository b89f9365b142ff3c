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
    public void Restore(IReadOnlyList<EpochSums> closed, IEnumerable<EpochSummary> known)
    {
        lock (_lock)
        {
            foreach (var summary in known)
            {
                _epochs.TryAdd(summary.Epoch, summary);
            }

            for (var i = 0; i < closed.Count; i++)
            {
                _epochs.TryAdd((uint)i + 1, Summary((uint)i + 1, closed[i]));
            }

            foreach (var later in _epochs.Keys.Where(epoch => epoch > closed.Count).ToList())
            {
                _epochs.Remove(later);
            }
        }
    }

    /// <summary>What the state says of an epoch, without measurements.</summary>
    public static EpochSummary Summary(uint epoch, in EpochSums sums) => new()
    {
        Epoch = epoch,
        Loss = sums.Train.Samples > 0 ? sums.Train.MeanLoss : 0,
        TrainAccuracy = sums.Train.Samples > 0 ? sums.Train.Accuracy : 0,
        TestLoss = sums.Test.MeanLoss,
        TestAccuracy = sums.Test.Accuracy,
        IgnoredSamples = (ulong)(sums.Train.Samples - sums.Train.Counted),
    };
}
