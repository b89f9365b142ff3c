namespace Trainer.Node.Training;

/// <summary>What an item of the schedule asks for.</summary>
public enum ItemKind
{
    /// <summary>One update of the weights from one batch.</summary>
    Train,

    /// <summary>Loss and accuracy over the test set, which close the epoch.</summary>
    Evaluate,
}

/// <param name="Index">The step in the protocol's sense: from 1; the state after item 0 is the initial one.</param>
/// <param name="Epoch">From 1.</param>
/// <param name="First">Train: position of the batch's first sample in the epoch's order.</param>
/// <param name="Samples">Of the batch, or of the test set.</param>
/// <param name="TrainingStep">Updates of the weights once the item is applied: what users call the step.</param>
public readonly record struct ScheduleItem(ulong Index, ItemKind Kind, int Epoch, int First, int Samples, ulong TrainingStep);

/// <summary>All items of a job, in order: for each epoch its batches (the last one may be short) and an evaluation. Pure.</summary>
public sealed class Schedule
{
    private readonly int _trainSamples;
    private readonly int _testSamples;
    private readonly int _batchSize;
    private readonly int _epochs;

    /// <param name="lastItem">Where it ends before its last epoch does.</param>
    public Schedule(int trainSamples, int testSamples, int batchSize, int epochs, ulong? lastItem = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trainSamples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(testSamples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
        (_trainSamples, _testSamples, _batchSize, _epochs) = (trainSamples, testSamples, batchSize, epochs);
        StepsPerEpoch = ((trainSamples - 1) / batchSize) + 1;
        var whole = (ulong)(StepsPerEpoch + 1) * (ulong)epochs;
        LastItem = lastItem ?? whole;
        ArgumentOutOfRangeException.ThrowIfZero(LastItem, nameof(lastItem));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(LastItem, whole, nameof(lastItem));
    }

    public int StepsPerEpoch { get; }

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
                return new ScheduleItem(index, ItemKind.Evaluate, (int)epoch + 1, 0, _testSamples, before + item);
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

    private long TestImagesUpTo(in ScheduleItem item) => (long)(item.Kind == ItemKind.Train ? item.Epoch - 1 : item.Epoch) * _testSamples;
}
