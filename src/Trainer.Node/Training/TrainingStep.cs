using System.Diagnostics;
using Trainer.Hosting.Metrics;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Node.Reduction;

namespace Trainer.Node.Training;

/// <summary>What an item came to, before it is applied.</summary>
/// <param name="LocalSamples">Samples that this member computed.</param>
/// <param name="Computed">Seconds of its own: data, forward and backward, without waiting for others; 0 where nothing is learnt.</param>
internal readonly record struct StepResult(ReduceResult Reduced, StepPhases Phases, int LocalSamples, double Computed);

/// <summary>One item of the schedule on one member: data, forward and backward, all-reduce. Applying it is the last act, and separate.</summary>
internal sealed class TrainingStep
{
    private const string Computing = "forward and backward";
    private const string Waiting = "waiting for the other members";

    private readonly Workspace _work;
    private readonly AllReduceClient _allReduce;
    private readonly Dictionary<(ItemKind Kind, int Samples), StepPlan> _plans = [];
    private readonly float[] _statistics;
    private readonly int _testSamples;
    private readonly int _testBatch;
    private readonly ThreadWatch _watch;
    private readonly Action<int> _bucketReady;
    private readonly Action<Moment>? _reached;
    private TimeSpan _deadline;
    private long _waitsSince;
    private TimeSpan _waited;

    public TrainingStep(Workspace work, AllReduceClient allReduce, ThreadWatch watch, Action<Moment>? reached)
    {
        (_work, _allReduce, _watch, _reached, _bucketReady) = (work, allReduce, watch, reached, allReduce.BucketReady);
        if (reached is not null)
        {
            _bucketReady += _ => reached(Moment.Backward);
        }

        work.Network.Progressing = watch.Progress;
        work.Network.Exchange = new BatchExchange(allReduce, work.Plan.Ranges, Exchanging);
        _testSamples = new BatchSlice(work.Job.Data.Test.Count, work.Plan.Shards, work.Plan.Roots[work.Rank]).LocalSamples;
        _testBatch = work.Network.Labels.Length;
        _statistics = new float[SampleResults.Rows * Math.Max(_testBatch, _testSamples)];
    }

    /// <summary>Cancelled when the generation is over.</summary>
    public CancellationToken Interruption { get; set; }

    /// <summary>The items that will be reduced from now on begin with this one.</summary>
    public void Begin(ulong firstItem) => _work.Job.Data.Begin(
        _work.Job.Schedule, firstItem, new MemberShare(_work.Plan.Shards, _work.Plan.Roots[_work.Rank], _testBatch));

    /// <param name="deadline">After so long a wait for other members is reported.</param>
    public StepResult Reduce(in ScheduleItem item, TimeSpan deadline)
    {
        var plan = PlanOf(item);
        _deadline = deadline;
        _watch.Begin(item.TakesBatch ? Computing : "evaluation", deadline);
        _allReduce.Begin(item.Index, plan, deadline);
        return item.Kind switch
        {
            ItemKind.Train => Train(item, plan),
            ItemKind.Estimate => Estimate(item, plan),
            _ => Evaluate(plan),
        };
    }

    /// <summary>Makes the next state of the item's totals, beside the current one.</summary>
    /// <param name="reduced">What the item came to.</param>
    /// <exception cref="CorruptStateException">Its totals have changed in memory since. Nothing is applied.</exception>
    public AppliedHashes Apply(in ScheduleItem item, in ReduceResult reduced, TimeSpan deadline)
    {
        _watch.Begin("applying the totals", deadline);
        return item.Kind switch
        {
            ItemKind.Train => _work.Network.Apply(reduced.Statistics, reduced.Totals.Span),
            ItemKind.Estimate => _work.Network.ApplyEstimate(reduced.Totals.Span),
            ItemKind.Evaluate => _work.Job.States.Evaluate(reduced.Statistics),
            ItemKind.CloseEpoch => _work.Job.States.CloseEpoch(reduced.Statistics),
            _ => throw new UnreachableException(),
        };
    }

    private StepResult Train(in ScheduleItem item, StepPlan plan)
    {
        var (network, slice) = (_work.Network, plan.Slice!);
        _waited = TimeSpan.Zero;
        var start = Stopwatch.GetTimestamp();
        _work.Job.Data.Fill(network, Interruption);
        ReachShards(slice);
        var filled = Stopwatch.GetTimestamp();
        _reached?.Invoke(Moment.Forward);
        network.ForwardBackward(slice, item.TrainingStep, _bucketReady);
        var computed = Stopwatch.GetTimestamp();
        CopyStatistics(0, slice.LocalSamples);
        _reached?.Invoke(Moment.AllReduce);
        _watch.Begin(Waiting);
        var reduced = _allReduce.Complete(_statistics.AsMemory(0, SampleResults.Rows * slice.LocalSamples));
        var phases = new StepPhases(
            Data: Stopwatch.GetElapsedTime(start, filled).TotalSeconds,
            Forward: Stopwatch.GetElapsedTime(filled, network.BackwardStarted).TotalSeconds,
            Backward: Stopwatch.GetElapsedTime(network.BackwardStarted, computed).TotalSeconds,
            AllReduce: Stopwatch.GetElapsedTime(computed).TotalSeconds,
            Optimizer: 0);
        return new StepResult(reduced, phases, slice.LocalSamples, (Stopwatch.GetElapsedTime(start, computed) - _waited).TotalSeconds);
    }

    private StepResult Estimate(in ScheduleItem item, StepPlan plan)
    {
        var slice = plan.Slice!;
        _work.Job.Data.Fill(_work.Network, Interruption);
        _reached?.Invoke(Moment.Forward);
        _work.Network.Estimate(slice, item.BatchStep, _bucketReady);
        _reached?.Invoke(Moment.AllReduce);
        _watch.Begin(Waiting);
        var nothing = _statistics.AsMemory(0, SampleResults.Rows * slice.LocalSamples);
        nothing.Span.Clear();
        return new StepResult(_allReduce.Complete(nothing), default, slice.LocalSamples, Computed: 0);
    }

    private void ReachShards(BatchSlice slice)
    {
        for (var shards = _reached is null ? 0 : slice.Roots.Sum(root => root.Count); shards > 0; shards--)
        {
            _reached!(Moment.Shard);
        }
    }

    private StepResult Evaluate(StepPlan plan)
    {
        for (var first = 0; first < (plan.Slice?.LocalSamples ?? 0); first += _testBatch)
        {
            _work.Network.Evaluate(_work.Job.Data.Fill(_work.Network, Interruption));
            CopyStatistics(first, _testSamples);
            _reached?.Invoke(Moment.Evaluation);
        }

        var local = plan.Slice?.LocalSamples ?? 0; // None at all: the item closes the epoch, and no more.
        _watch.Begin(Waiting);
        return new StepResult(_allReduce.Complete(_statistics.AsMemory(0, SampleResults.Rows * local)), default, local, Computed: 0);
    }

    /// <summary>Of a pass, to those of all <paramref name="samples"/>, from <paramref name="at"/> on.</summary>
    private void CopyStatistics(int at, int samples)
    {
        var results = _work.Network.Results;
        results.CopyTo(0, results.Count, _statistics.AsSpan(0, SampleResults.Rows * samples), at);
    }

    /// <summary>A batch norm waits for the parts of others, or computes again.</summary>
    private void Exchanging(bool waits)
    {
        if (waits)
        {
            _watch.Begin(Waiting);
            _reached?.Invoke(Moment.Exchange);
            _waitsSince = Stopwatch.GetTimestamp();
        }
        else
        {
            _waited += Stopwatch.GetElapsedTime(_waitsSince);
            _watch.Begin(Computing, _deadline);
        }
    }

    private StepPlan PlanOf(in ScheduleItem item)
    {
        if (!_plans.TryGetValue((item.Kind, item.Samples), out var plan))
        {
            plan = new StepPlan(
                _work.Plan, _work.Rank, item.Samples, item.TakesBatch, _work.Network.Layout.Buckets, _work.Job.Parameters.GroupShards);
            _plans[(item.Kind, item.Samples)] = plan;
        }

        return plan;
    }
}
