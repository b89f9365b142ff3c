namespace Trainer.Node.Training;

/// <summary>What an item of the schedule asks for.</summary>
public enum ItemKind
{
    /// <summary>One update of the weights from one batch.</summary>
    Train,

    /// <summary>Closes the epoch: loss and accuracy over the test set, where it is looked at after this epoch.</summary>
    Evaluate,
}

/// <param name="Index">The step in the protocol's sense: from 1; the state after item 0 is the initial one.</param>
/// <param name="Epoch">From 1.</param>
/// <param name="First">Train: position of the batch's first sample in the epoch's order.</param>
/// <param name="Samples">Of the batch, or of the test set; 0 where the test set is not looked at.</param>
/// <param name="TrainingStep">Updates of the weights once the item is applied: what users call the step.</param>
public readonly record struct ScheduleItem(ulong Index, ItemKind Kind, int Epoch, int First, int Samples, ulong TrainingStep);

/// <summary>All items of a job, in order: for each epoch its batches (the last one may be short) and what closes it. Pure.</summary>
public sealed class Schedule
{
    private readonly int _trainSamples;
    private readonly int _testSamples;
    private readonly int _batchSize;
    private readonly int _epochs;
    private readonly int _evaluateEvery;

    /// <param name="lastItem">Where it ends before its last epoch does.</param>
    /// <param name="evaluateEvery">The test set is looked at after each so many epochs, and after the last.</param>
    public Schedule(int trainSamples, int testSamples, int batchSize, int epochs, ulong? lastItem = null, int evaluateEvery = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trainSamples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(testSamples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(evaluateEvery, 1);
        (_trainSamples, _testSamples, _batchSize, _epochs, _evaluateEvery) = (trainSamples, testSamples, batchSize, epochs, evaluateEvery);
        StepsPerEpoch = ((trainSamples - 1) / batchSize) + 1;
        var whole = (ulong)(StepsPerEpoch + 1) * (ulong)epochs;
        LastItem = lastItem ?? whole;
        ArgumentOutOfRangeException.ThrowIfZero(LastItem, nameof(lastItem));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(LastItem, whole, nameof(lastItem));
    }

    public int StepsPerEpoch { get; }

    /// <summary>Training samples of an epoch.</summary>
    public int EpochSamples => _trainSamples;

    public int Epochs => _epochs;

    /// <summary>Updates of the weights.</summary>
    public ulong TotalSteps => this[LastItem].TrainingStep;

    /// <summary>Index of the last item.</summary>
    public ulong LastItem { get; }

    public ScheduleItem this[ulong index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfZero(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(index, LastItem);
            var (epoch, item) = Math.DivRem(index - 1, (ulong)StepsPerEpoch + 1);
            var before = epoch * (ulong)StepsPerEpoch;
            if (item == (ulong)StepsPerEpoch)
            {
                return new ScheduleItem(index, ItemKind.Evaluate, (int)epoch + 1, 0, IsEvaluated((int)epoch + 1) ? _testSamples : 0, before + item);
            }

            var first = (int)item * _batchSize;
            return new ScheduleItem(index, ItemKind.Train, (int)epoch + 1, first, Math.Min(_batchSize, _trainSamples - first), before + item + 1);
        }
    }

    /// <summary>Training images that follow an item.</summary>
    public long TrainImagesAfter(in ScheduleItem item) => TrainImagesUpTo(this[LastItem]) - TrainImagesUpTo(item);

    /// <summary>Test images that follow an item.</summary>
    public long TestImagesAfter(in ScheduleItem item) => TestImagesUpTo(this[LastItem]) - TestImagesUpTo(item);

    private long TrainImagesUpTo(in ScheduleItem item) =>
        ((long)(item.Epoch - 1) * _trainSamples) + (item.Kind == ItemKind.Train ? item.First + item.Samples : _trainSamples);

    private long TestImagesUpTo(in ScheduleItem item)
    {
        var closed = item.Kind == ItemKind.Train ? item.Epoch - 1 : item.Epoch;
        return ((long)(closed / _evaluateEvery) + (closed == _epochs && !IsMultiple(closed) ? 1 : 0)) * _testSamples;
    }

    private bool IsEvaluated(int epoch) => epoch == _epochs || IsMultiple(epoch);

    private bool IsMultiple(int epoch) => epoch % _evaluateEvery == 0;
}
