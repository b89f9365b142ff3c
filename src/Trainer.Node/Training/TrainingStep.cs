using System.Diagnostics;
using Trainer.Hosting.Metrics;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Node.Reduction;

namespace Trainer.Node.Training;

/// <summary>What an item came to, before it is applied.</summary>
/// <param name="LocalSamples">Samples that this member computed.</param>
internal readonly record struct StepResult(ReduceResult Reduced, StepPhases Phases, int LocalSamples);

/// <summary>One item of the schedule on one member: data, forward and backward, all-reduce. Applying it is the last act, and separate.</summary>
internal sealed class TrainingStep
{
    private readonly MemberState _state;
    private readonly AllReduceClient _allReduce;
    private readonly Dictionary<(ItemKind Kind, int Samples), StepPlan> _plans = [];
    private readonly float[] _statistics;
    private readonly int[] _testPositions;
    private readonly int _testBatch;
    private readonly Action<int> _bucketReady;
    private ulong _stateHash;

    public TrainingStep(MemberState state, AllReduceClient allReduce)
    {
        (_state, _allReduce, _bucketReady) = (state, allReduce, allReduce.BucketReady);
        _testPositions = [.. new BatchSlice(state.Data.Test.Count, state.Plan.Shards, state.Plan.Roots[state.Rank]).Positions()];
        _testBatch = state.Network.Labels.Length;
        _statistics = new float[StatisticsSum.Values * Math.Max(_testBatch, _testPositions.Length)];
        _stateHash = state.Network.State.Hash;
    }

    public StepResult Reduce(in ScheduleItem item)
    {
        var plan = PlanOf(item);
        _allReduce.Begin(item.Index, plan, _stateHash);
        return item.Kind switch
        {
            ItemKind.Train => Train(item, plan),
            ItemKind.Evaluate => Evaluate(plan),
            _ => new StepResult(_allReduce.Complete(default), default, 0),
        };
    }

    /// <summary>The one local act that makes the item's totals the state; returns its seconds.</summary>
    /// <param name="sums">What the item came to.</param>
    public double Apply(in ScheduleItem item, in PassSums sums)
    {
        var start = Stopwatch.GetTimestamp();
        if (item.Kind == ItemKind.Train)
        {
            _state.Network.Apply(sums);
            _stateHash = _state.Network.States.Flip();
        }
        else if (item.Kind == ItemKind.Evaluate)
        {
            _state.Network.States.CloseEpoch(sums);
            _stateHash = _state.Network.States.Flip();
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private StepResult Train(in ScheduleItem item, StepPlan plan)
    {
        var (network, slice) = (_state.Network, plan.Slice!);
        var start = Stopwatch.GetTimestamp();
        _state.Data.FillBatch(item.Epoch, item.First, slice, network);
        var filled = Stopwatch.GetTimestamp();
        network.ForwardBackward(slice, item.TrainingStep, _bucketReady);
        var computed = Stopwatch.GetTimestamp();
        CopyStatistics(0, slice.LocalSamples);
        var reduced = _allReduce.Complete(_statistics.AsMemory(0, StatisticsSum.Values * slice.LocalSamples));
        var phases = new StepPhases(
            Data: Stopwatch.GetElapsedTime(start, filled).TotalSeconds,
            Forward: Stopwatch.GetElapsedTime(filled, network.BackwardStarted).TotalSeconds,
            Backward: Stopwatch.GetElapsedTime(network.BackwardStarted, computed).TotalSeconds,
            AllReduce: Stopwatch.GetElapsedTime(computed).TotalSeconds,
            Optimizer: 0);
        return new StepResult(reduced, phases, slice.LocalSamples);
    }

    private StepResult Evaluate(StepPlan plan)
    {
        for (var first = 0; first < _testPositions.Length; first += _testBatch)
        {
            var positions = _testPositions.AsSpan(first, Math.Min(_testBatch, _testPositions.Length - first));
            _state.Data.FillTest(positions, _state.Network);
            _state.Network.Evaluate(positions.Length);
            CopyStatistics(first, _testPositions.Length);
        }

        var local = plan.Slice!.LocalSamples;
        return new StepResult(_allReduce.Complete(_statistics.AsMemory(0, StatisticsSum.Values * local)), default, local);
    }

    /// <summary>
    /// Losses of a pass to <paramref name="at"/>, weights behind the losses of all <paramref name="samples"/>, correctness behind those, then what counts.
    /// </summary>
    private void CopyStatistics(int at, int samples)
    {
        var results = _state.Network.Results;
        results.Loss.CopyTo(_statistics.AsSpan(at));
        results.Weight.CopyTo(_statistics.AsSpan(samples + at));
        results.Correct.CopyTo(_statistics.AsSpan((2 * samples) + at));
        results.Counted.CopyTo(_statistics.AsSpan((3 * samples) + at));
    }

    private StepPlan PlanOf(in ScheduleItem item)
    {
        if (!_plans.TryGetValue((item.Kind, item.Samples), out var plan))
        {
            plan = new StepPlan(
                _state.Plan, _state.Rank, item.Samples, item.Kind == ItemKind.Train, _state.Network.Layout.Buckets, _state.Parameters.GroupShards);
            _plans[(item.Kind, item.Samples)] = plan;
        }

        return plan;
    }
}
