using System.Diagnostics;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Steps;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.States;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Training;

/// <summary>How a segment came to its end.</summary>
internal enum SegmentEnd
{
    /// <summary>All members stopped after an item, because one of them was told to hold.</summary>
    Held,

    /// <summary>The schedule is done.</summary>
    Finished,
}

/// <summary>Progress that is committed and worth a word.</summary>
/// <param name="State">After the last committed item.</param>
/// <param name="Epoch">That the item closed; null where it closed none.</param>
/// <param name="Curve">Steps that the store is to keep.</param>
internal sealed record CommittedProgress(HeldState State, Progress Progress, EpochSummary? Epoch, IReadOnlyList<CurvePoint> Curve)
{
    /// <summary>What the evaluation that closed the epoch found, at the first member; null elsewhere and where there was none.</summary>
    public EpochEvaluation? Evaluation { get; init; }
}

/// <summary>
/// The items that a member runs in one generation, one after the other, until all members stop or the schedule is done. Asks nobody what comes next. An item is told of once
/// it is committed, which the totals of the next one prove.
/// </summary>
internal sealed class Segment
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(0.25);

    private readonly Workspace _work;
    private readonly StateLedger _ledger;
    private readonly GenerationNumber _generation;
    private readonly ItemDeadlines _deadlines;
    private readonly AllReduceClient _allReduce;
    private readonly TrainingStep _step;
    private readonly ProgressMeter _meter;
    private readonly ShareMeter _share;
    private readonly TrainingMetrics _metrics;
    private readonly Action<HeldState, StepRecord?, StepEvaluation?> _agreed;
    private readonly Action<CommittedProgress> _committed;
    private readonly Func<HeldState> _flip;
    private readonly Action<Moment>? _reached;
    private (HeldState State, StepRecord? Step, StepEvaluation? Test)? _applied;
    private CommittedProgress? _pending;
    private long _reported;

    /// <param name="agreed">Told of the state after each item that is committed, and what it came to where it trained.</param>
    /// <param name="committed">Told of what is worth a word.</param>
    public Segment(
        Workspace work,
        StateLedger ledger,
        GenerationNumber generation,
        ItemDeadlines deadlines,
        ThreadWatch watch,
        AllReduceClient allReduce,
        ProgressMeter meter,
        ShareMeter share,
        TrainingMetrics metrics,
        Action<HeldState, StepRecord?, StepEvaluation?> agreed,
        Action<CommittedProgress> committed,
        Action<Moment>? reached)
    {
        (_work, _ledger, _generation, _deadlines, _allReduce) = (work, ledger, generation, deadlines, allReduce);
        (_meter, _share, _metrics, _agreed, _committed, _reached) = (meter, share, metrics, agreed, committed, reached);
        _step = new TrainingStep(work, allReduce, watch, reached);
        _flip = () =>
        {
            work.Job.States.Flip();
            return HeldState.Of(work.Job.States.Current);
        };
    }

    /// <summary>The item in flight.</summary>
    public ScheduleItem Item { get; private set; }

    /// <param name="boundary">Called between two items, with the state that is current then.</param>
    /// <exception cref="OperationCanceledException">The generation is over.</exception>
    /// <exception cref="StepFailedException">An item cannot be finished.</exception>
    /// <exception cref="InvalidOperationException">The state is not the one before the first item.</exception>
    public SegmentEnd Run(ulong firstItem, Action<HeldState> boundary, CancellationToken interruption)
    {
        RequireStateBefore(firstItem);
        _work.Network.Interruption = interruption;
        _step.Interruption = interruption;
        _step.Begin(firstItem);
        _share.Begin();
        var index = firstItem;
        for (; !_work.Job.IsDone; index++)
        {
            interruption.ThrowIfCancellationRequested();
            Item = _work.Job.Schedule[index];
            var (state, endsGeneration) = RunItem();
            if (endsGeneration && !_work.Job.IsDone)
            {
                AwaitCommit(index, interruption);
                return SegmentEnd.Held;
            }

            boundary(state);
        }

        AwaitCommit(index - 1, interruption);
        return SegmentEnd.Finished;
    }

    // A state of another schedule would train on as if nothing were wrong.
    private void RequireStateBefore(ulong firstItem)
    {
        var progress = _work.Job.States.Current.Progress;
        var steps = firstItem > 1 ? _work.Job.Schedule[firstItem - 1].TrainingStep : 0;
        if (progress.Step != firstItem - 1 || (ulong)progress.Updates != steps)
        {
            throw new InvalidOperationException(
                $"The state has {progress.Step} items and {progress.Updates} steps behind it; before item {firstItem} of the job's schedule there are {firstItem - 1} items and {steps} steps.");
        }
    }

    private (HeldState State, bool EndsGeneration) RunItem()
    {
        var start = Stopwatch.GetTimestamp();
        var result = _step.Reduce(Item, _deadlines.Of(Item));
        PublishPending();
        var reduced = Stopwatch.GetTimestamp();
        _ledger.BeginWrite(_generation);
        _step.Apply(Item, result.Reduced, _deadlines.Of(Item));
        _reached?.Invoke(Moment.Apply);
        var state = _ledger.Flip(_generation, _flip);
        _reached?.Invoke(Moment.Commit);
        _work.MadeState();
        _allReduce.Applied(Item.Index, state.Hash);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        _deadlines.Took(Item, seconds);
        Record(state, result, Stopwatch.GetElapsedTime(reduced).TotalSeconds, seconds);
        return (state, result.Reduced.EndsGeneration);
    }

    private void Record(HeldState state, in StepResult result, double applied, double seconds)
    {
        var (network, progress) = (_work.Network, _work.Job.States.Current.Progress);
        _metrics.Collective(result.Reduced.BytesSent, result.Reduced.BytesReceived, result.Reduced.Seconds);
        EpochSummary? epoch = null;
        EpochEvaluation? evaluation = null;
        StepRecord? step = null;
        StepEvaluation? test = null;
        if (Item.Kind == ItemKind.Estimate)
        {
            _meter.WentForward(Item, seconds);
        }
        else if (Item.Kind == ItemKind.Evaluate)
        {
            _meter.WentForward(Item, seconds);
            test = EpochBook.Of(progress.Evaluations[^1]);
            _metrics.Evaluation(test.TestLoss, test.TestAccuracy);
        }
        else if (Item.Kind == ItemKind.Train)
        {
            var (batch, phases, rate) = (result.Reduced.Statistics, result.Phases with { Optimizer = applied }, network.LearningRate);
            _meter.Trained(Item, batch, seconds);
            _share.Trained(result.LocalSamples, result.Computed, applied);
            _metrics.Step(Item.TrainingStep, Item.Epoch, progress.LastEpoch.MeanLoss, progress.LastEpoch.Accuracy, rate, result.LocalSamples, phases);
            step = new StepRecord(
                Item.TrainingStep, (uint)Item.Epoch, DateTimeOffset.UtcNow.UtcDateTime, batch.MeanLoss, batch.Accuracy, rate, network.GradientNorm, Item.Samples / Math.Max(seconds, 1e-9), phases);
        }
        else
        {
            epoch = _meter.Closed(Item, progress, seconds, network.LearningRate);
            if (Item.Samples > 0)
            {
                _metrics.Evaluation(epoch.TestLoss, epoch.TestAccuracy);
                test = new StepEvaluation { Step = (ulong)progress.Updates, TestLoss = epoch.TestLoss, TestAccuracy = epoch.TestAccuracy };
                evaluation = EvaluationOf(progress, result.Reduced.Samples.Span);
            }
        }

        _applied = (state, step, test);
        if (!Item.TakesBatch || Stopwatch.GetElapsedTime(_reported) >= ReportEvery)
        {
            _pending = new CommittedProgress(state, _meter.Snapshot(Item, progress), epoch, []) { Evaluation = evaluation };
            _reported = Stopwatch.GetTimestamp();
        }
    }

    // Null: another member has the samples, or they have several labels each, whose report needs all outputs (trainer evaluate).
    private EpochEvaluation? EvaluationOf(Kernels.Training.TrainingProgress progress, ReadOnlySpan<float> samples) =>
        samples.IsEmpty || _work.Job.Data.Test.HasSeveralLabels ? null : EpochEvaluation.Of(progress, _work.Job.Model, _work.Job.Best, _work.Job.Data.Test, samples) with { Filters = FilterRecord.Of(_work.Job.States.Current, _work.Job.Model) };

    private void AwaitCommit(ulong item, CancellationToken interruption)
    {
        while (!_ledger.WaitForCommit(item, _deadlines.OfCommit, interruption))
        {
            _allReduce.Remind();
        }

        PublishPending();
    }

    // The item that was applied last is committed.
    private void PublishPending()
    {
        if (_applied is { } agreed)
        {
            _applied = null;
            _agreed(agreed.State, agreed.Step, agreed.Test);
        }

        if (_pending is { } pending)
        {
            _pending = null;
            _committed(pending);
        }
    }
}
