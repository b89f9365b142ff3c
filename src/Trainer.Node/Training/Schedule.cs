using System.Numerics;

namespace Trainer.Node.Training;

/// <summary>What an item of the schedule asks for.</summary>
public enum ItemKind
{
    /// <summary>One update of the weights from one batch.</summary>
    Train,

    /// <summary>One batch more in the averaged weights' running statistics, which are estimated from all batches of an epoch once they are trained.</summary>
    Estimate,

    /// <summary>Loss and accuracy over the test set, within an epoch.</summary>
    Evaluate,

    /// <summary>Closes the epoch: loss and accuracy over the test set, where it is looked at after this epoch.</summary>
    CloseEpoch,
}

/// <param name="Index">The step in the protocol's sense: from 1; the state after item 0 is the initial one.</param>
/// <param name="Epoch">From 1.</param>
/// <param name="First">Train and Estimate: position of the batch's first sample in the epoch's order.</param>
/// <param name="Samples">Of the batch, or of the test set; 0 where the test set is not looked at.</param>
/// <param name="TrainingStep">Updates of the weights once the item is applied: what users call the step.</param>
public readonly record struct ScheduleItem(ulong Index, ItemKind Kind, int Epoch, int First, int Samples, ulong TrainingStep)
{
    /// <summary>Epochs that are closed once the item is applied.</summary>
    public int Closed => Kind == ItemKind.CloseEpoch ? Epoch : Epoch - 1;

    /// <summary>Items up to this one that estimate.</summary>
    public ulong Estimates { get; init; }

    /// <summary>Items up to this one that evaluate within an epoch: all that neither train nor estimate nor close one.</summary>
    public ulong Evaluations => Index - TrainingStep - Estimates - (ulong)Closed;

    /// <summary>Whether it takes a batch of training samples.</summary>
    public bool TakesBatch => Kind is ItemKind.Train or ItemKind.Estimate;

    /// <summary>The training step that its batch was trained in, or is: keys what is drawn for it.</summary>
    public ulong BatchStep => TrainingStep - StepsSince;

    /// <summary>Estimate: training steps since the one of its batch.</summary>
    public ulong StepsSince { get; init; }
}

/// <summary>
/// All items of a job, in order: for each epoch its batches (the last one may be short), evaluations among them, then its batches again where statistics are estimated from them, and what closes it. Pure.
/// </summary>
public sealed class Schedule
{
    private readonly int _trainSamples;
    private readonly int _testSamples;
    private readonly int _batchSize;
    private readonly int _epochs;
    private readonly int _evaluateEvery;
    private readonly int _evaluateEverySteps;
    private readonly int? _firstEstimate;

    /// <summary>After each so many steps an epoch ends and an evaluation is due; 0: never.</summary>
    private readonly long _dueAtEnds;

    /// <param name="lastItem">Where it ends before its last epoch does.</param>
    /// <param name="evaluateEvery">The test set is looked at after each so many epochs, and after the last.</param>
    /// <param name="evaluateEverySteps">And after each so many steps; 0: not. At the end of an epoch, what closes it looks.</param>
    /// <param name="firstEstimate">The first epoch behind whose batches statistics are estimated, as behind those of all that follow; null: none is.</param>
    public Schedule(int trainSamples, int testSamples, int batchSize, int epochs, ulong? lastItem = null, int evaluateEvery = 1, int evaluateEverySteps = 0, int? firstEstimate = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trainSamples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(testSamples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(evaluateEvery, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(evaluateEverySteps);
        ArgumentOutOfRangeException.ThrowIfLessThan(firstEstimate ?? 1, 1);
        (_trainSamples, _testSamples, _batchSize, _epochs, _evaluateEvery, _evaluateEverySteps, _firstEstimate) =
            (trainSamples, testSamples, batchSize, epochs, evaluateEvery, evaluateEverySteps, firstEstimate);
        StepsPerEpoch = ((trainSamples - 1) / batchSize) + 1;
        _dueAtEnds = evaluateEverySteps == 0 ? 0 : LeastCommonMultiple(evaluateEverySteps, StepsPerEpoch);
        var whole = ItemsThrough(StepsPerEpoch * (long)epochs);
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

    /// <summary>Evaluations within epochs.</summary>
    public ulong TotalEvaluations => this[LastItem].Evaluations;

    /// <summary>Index of the last item.</summary>
    public ulong LastItem { get; }

    public ScheduleItem this[ulong index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfZero(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(index, LastItem);
            var step = StepOf(index);
            var (closed, place) = Math.DivRem(step - 1, StepsPerEpoch);
            var (epoch, estimates, behind) = ((int)closed + 1, EstimatesThrough(step - 1), (long)(index - ItemsThrough(step - 1)) - 1);
            if (behind == 0)
            {
                return OfBatch(ItemKind.Train, (int)place) with { Estimates = (ulong)estimates };
            }

            if (place + 1 < StepsPerEpoch)
            {
                return new ScheduleItem(index, ItemKind.Evaluate, epoch, 0, _testSamples, (ulong)step) { Estimates = (ulong)estimates };
            }

            return behind <= EstimatesOf(epoch)
                ? OfBatch(ItemKind.Estimate, (int)behind - 1) with { Estimates = (ulong)(estimates + behind), StepsSince = (ulong)(StepsPerEpoch - behind) }
                : new ScheduleItem(index, ItemKind.CloseEpoch, epoch, 0, IsEvaluated(epoch) ? _testSamples : 0, (ulong)step) { Estimates = (ulong)(estimates + EstimatesOf(epoch)) };

            ScheduleItem OfBatch(ItemKind kind, int batch) =>
                new(index, kind, epoch, batch * _batchSize, Math.Min(_batchSize, _trainSamples - (batch * _batchSize)), (ulong)step);
        }
    }

    /// <summary>Training images that follow an item.</summary>
    public long TrainImagesAfter(in ScheduleItem item) => TrainImagesUpTo(this[LastItem]) - TrainImagesUpTo(item);

    /// <summary>Images that follow an item and go forward alone: of the test set, and those that statistics are estimated from.</summary>
    public long ForwardImagesAfter(in ScheduleItem item) => ForwardImagesUpTo(this[LastItem]) - ForwardImagesUpTo(item);

    private static long LeastCommonMultiple(long a, long b) => a / (long)BigInteger.GreatestCommonDivisor(a, b) * b;

    /// <summary>Items up to all that follow on a step before the next one.</summary>
    private ulong ItemsThrough(long step) => (ulong)(step + EvaluationsThrough(step) + EstimatesThrough(step) + (step / StepsPerEpoch));

    // Behind the last step of an epoch.
    private long EstimatesThrough(long step) => _firstEstimate is { } first ? Math.Max(0, (step / StepsPerEpoch) - first + 1) * StepsPerEpoch : 0;

    private int EstimatesOf(int epoch) => epoch >= _firstEstimate ? StepsPerEpoch : 0;

    // After steps that do not end an epoch.
    private long EvaluationsThrough(long step) => _evaluateEverySteps == 0 ? 0 : (step / _evaluateEverySteps) - (step / _dueAtEnds);

    // That an item is or follows on.
    private long StepOf(ulong index)
    {
        var (low, high) = (1L, StepsPerEpoch * (long)_epochs);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = ItemsThrough(middle) < index ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private long TrainImagesUpTo(in ScheduleItem item) =>
        ((long)(item.Epoch - 1) * _trainSamples) + Math.Min((long)(item.TrainingStep - ((ulong)(item.Epoch - 1) * (ulong)StepsPerEpoch)) * _batchSize, _trainSamples);

    private long ForwardImagesUpTo(in ScheduleItem item)
    {
        var (epochs, batches) = Math.DivRem((long)item.Estimates, StepsPerEpoch);
        return (((long)item.Evaluations + EvaluatedOf(item.Closed)) * _testSamples) + (epochs * _trainSamples) + Math.Min(batches * _batchSize, _trainSamples);
    }

    /// <summary>How many of the first so many epochs end with a look at the test set.</summary>
    private long EvaluatedOf(int epochs)
    {
        var byEpochs = epochs / _evaluateEvery;
        var bySteps = _evaluateEverySteps == 0 ? 0 : epochs / EpochsOfSteps;
        var byBoth = _evaluateEverySteps == 0 ? 0 : epochs / LeastCommonMultiple(_evaluateEvery, EpochsOfSteps);
        return byEpochs + bySteps - byBoth + (epochs == _epochs && !IsMultiple(epochs) ? 1 : 0);
    }

    private bool IsEvaluated(int epoch) => epoch == _epochs || IsMultiple(epoch);

    private bool IsMultiple(int epoch) => epoch % _evaluateEvery == 0 || (_evaluateEverySteps > 0 && epoch % EpochsOfSteps == 0);

    /// <summary>After each so many epochs one ends with a step after which the test set is looked at.</summary>
    private long EpochsOfSteps => _dueAtEnds / StepsPerEpoch;
}
