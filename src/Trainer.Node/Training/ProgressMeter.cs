using Trainer.Kernels.Training;
using Trainer.Protos;

namespace Trainer.Node.Training;

/// <summary>What users see of a job: sums over the epoch, which the state has, and speed and time left, which are measured here. Fed once per applied item.</summary>
internal sealed class ProgressMeter(Schedule schedule)
{
    /// <summary>Until the first evaluation: forward alone is about a third of a training step's work.</summary>
    private const double GuessedTestSpeedup = 3;

    private readonly SpeedWindow _speed = new();
    private uint _ignoredSteps;
    private long _trainSamples;
    private double _trainSeconds;
    private double _evaluationSeconds;
    private double _forwardPerSecond;
    private bool _epochClosed;

    /// <param name="sums">Of the batch.</param>
    public void Trained(in ScheduleItem item, in PassSums sums, double seconds)
    {
        if (_epochClosed)
        {
            (_ignoredSteps, _trainSamples, _trainSeconds, _evaluationSeconds, _epochClosed) = (0, 0, 0, 0, false);
        }

        _ignoredSteps += sums.Counted == 0 ? 1U : 0;
        _trainSamples += sums.Samples;
        _trainSeconds += seconds;
        _speed.Add(item.Samples, seconds);
    }

    /// <summary>The test set was looked at within an epoch, or statistics were estimated from a batch.</summary>
    public void WentForward(in ScheduleItem item, double seconds)
    {
        _forwardPerSecond = item.Samples / Math.Max(seconds, 1e-9);
        _evaluationSeconds += seconds;
    }

    /// <summary>Closes the epoch.</summary>
    /// <param name="progress">Of the state behind it.</param>
    /// <param name="learningRate">In its last step.</param>
    public EpochSummary Closed(in ScheduleItem item, TrainingProgress progress, double seconds, double learningRate)
    {
        _forwardPerSecond = item.Samples > 0 ? item.Samples / Math.Max(seconds, 1e-9) : _forwardPerSecond;
        _epochClosed = true;
        var summary = EpochBook.Summary(item.Epoch, progress);
        summary.ImagesPerSecond = _trainSamples / Math.Max(_trainSeconds, 1e-9);
        summary.Seconds = _trainSeconds + _evaluationSeconds + seconds;
        summary.LearningRate = learningRate;
        summary.IgnoredSteps = _ignoredSteps;
        return summary;
    }

    /// <param name="progress">Of the state behind the item. Its loss is NaN while the loss ignores all that the epoch saw.</param>
    public Progress Snapshot(in ScheduleItem item, TrainingProgress progress) => new()
    {
        Step = item.TrainingStep,
        TotalSteps = schedule.TotalSteps,
        Epoch = (uint)item.Epoch,
        TotalEpochs = (uint)schedule.Epochs,
        Loss = progress.LastEpoch is { Samples: > 0 } seen ? seen.MeanLoss : 0,
        Accuracy = progress.LastEpoch is { Samples: > 0 } counted ? counted.Accuracy : 0,
        ImagesPerSecond = _speed.PerSecond,
        EtaSeconds = SecondsLeft(item),
        Evaluation = progress.Evaluations is [.., var last] ? EpochBook.Of(last) : null,
    };

    private double SecondsLeft(in ScheduleItem item)
    {
        var train = _speed.PerSecond;
        if (train == 0)
        {
            return 0;
        }

        var test = _forwardPerSecond > 0 ? _forwardPerSecond : train * GuessedTestSpeedup;
        return (schedule.TrainImagesAfter(item) / train) + (schedule.ForwardImagesAfter(item) / test);
    }
}
