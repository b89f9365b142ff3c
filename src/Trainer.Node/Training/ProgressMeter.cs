using Trainer.Kernels.Training;
using Trainer.Protos;

namespace Trainer.Node.Training;

/// <summary>What users see of a job: sums over the epoch, speed, time left. Fed once per applied item.</summary>
internal sealed class ProgressMeter(Schedule schedule)
{
    /// <summary>Until the first evaluation: forward alone is about a third of a training step's work.</summary>
    private const double GuessedTestSpeedup = 3;

    private readonly SpeedWindow _speed = new();
    private PassSums _epoch;
    private uint _ignoredSteps;
    private double _trainSeconds;
    private double _testPerSecond;
    private bool _epochClosed;

    /// <summary>Of the epoch so far; NaN while the loss ignores all that was seen.</summary>
    public double Loss => _epoch.Samples > 0 ? _epoch.MeanLoss : 0;

    /// <summary>Likewise.</summary>
    public double Accuracy => _epoch.Samples > 0 ? _epoch.Accuracy : 0;

    public void Trained(in ScheduleItem item, in PassSums sums, double seconds)
    {
        if (_epochClosed)
        {
            (_epoch, _ignoredSteps, _trainSeconds, _epochClosed) = (default, 0, 0, false);
        }

        _epoch += sums;
        _ignoredSteps += sums.Counted == 0 ? 1U : 0;
        _trainSeconds += seconds;
        _speed.Add(item.Samples, seconds);
    }

    /// <summary>Closes the epoch.</summary>
    /// <param name="learningRate">In its last step.</param>
    public EpochSummary Evaluated(in ScheduleItem item, in PassSums sums, double seconds, double learningRate)
    {
        _testPerSecond = item.Samples / Math.Max(seconds, 1e-9);
        _epochClosed = true;
        return new EpochSummary
        {
            Epoch = (uint)item.Epoch,
            Loss = Loss,
            TrainAccuracy = Accuracy,
            TestLoss = sums.MeanLoss,
            TestAccuracy = sums.Accuracy,
            ImagesPerSecond = _epoch.Samples / Math.Max(_trainSeconds, 1e-9),
            Seconds = _trainSeconds + seconds,
            LearningRate = learningRate,
            IgnoredSamples = (ulong)(_epoch.Samples - _epoch.Counted),
            IgnoredSteps = _ignoredSteps,
        };
    }

    public Progress Snapshot(in ScheduleItem item) => new()
    {
        Step = item.TrainingStep,
        TotalSteps = schedule.TotalSteps,
        Epoch = (uint)item.Epoch,
        TotalEpochs = (uint)schedule.Epochs,
        Loss = Loss,
        Accuracy = Accuracy,
        ImagesPerSecond = _speed.PerSecond,
        EtaSeconds = SecondsLeft(item),
    };

    private double SecondsLeft(in ScheduleItem item)
    {
        var train = _speed.PerSecond;
        if (train == 0)
        {
            return 0;
        }

        var test = _testPerSecond > 0 ? _testPerSecond : train * GuessedTestSpeedup;
        return (schedule.TrainImagesAfter(item) / train) + (schedule.TestImagesAfter(item) / test);
    }
}
