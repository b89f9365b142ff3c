using System.Diagnostics.Metrics;

namespace Trainer.Hosting.Metrics;

/// <summary>Where a step's time went, in seconds.</summary>
public readonly record struct StepPhases(double Data, double Forward, double Backward, double AllReduce, double Optimizer)
{
    public double Total => Data + Forward + Backward + AllReduce + Optimizer;
}

/// <summary>
/// What a worker measures. The training threads write fields, which are read when somebody scrapes, and two histograms:
/// nothing is allocated and nothing waits. <see cref="Step"/> is for one thread at a time, as are <see cref="BeginRun"/> and <see cref="EndRun"/>;
/// everything else may be called from any.
/// </summary>
public sealed class TrainingMetrics
{
    private readonly Histogram<double> _stepDuration;
    private readonly Histogram<double> _collectiveDuration;
    private readonly Action _runsChanged;
    private readonly KeyValuePair<string, object?>[] _labels;
    private readonly double[] _phaseSeconds = new double[5];
    private long _steps;
    private long _images;
    private long _nonFinite;
    private long _collectives;
    private long _bytesSent;
    private long _bytesReceived;
    private volatile Measurement<int>[] _device = [];
    private volatile RunGauges? _run;

    /// <param name="runsChanged">Told when <see cref="Run"/> is another one.</param>
    /// <param name="labels">Of all its series.</param>
    internal TrainingMetrics(Histogram<double> stepDuration, Histogram<double> collectiveDuration, Action runsChanged, KeyValuePair<string, object?>[] labels) =>
        (_stepDuration, _collectiveDuration, _runsChanged, _labels) = (stepDuration, collectiveDuration, runsChanged, labels);

    internal RunGauges? Run => _run;

    internal IEnumerable<Measurement<int>> DeviceInfo => _device;

    internal Measurement<long> Steps => Measured(Volatile.Read(ref _steps));

    internal Measurement<long> Images => Measured(Volatile.Read(ref _images));

    internal Measurement<long> NonFinites => Measured(Volatile.Read(ref _nonFinite));

    internal Measurement<long> Collectives => Measured(Volatile.Read(ref _collectives));

    internal IEnumerable<Measurement<double>> PhaseSeconds => PhaseNames.Select((name, i) => Measured(Volatile.Read(ref _phaseSeconds[i]), Label("phase", name)));

    internal IEnumerable<Measurement<long>> CollectiveBytes =>
        [Measured(Volatile.Read(ref _bytesSent), Label("direction", "sent")), Measured(Volatile.Read(ref _bytesReceived), Label("direction", "received"))];

    private static readonly string[] PhaseNames = ["data", "forward", "backward", "allreduce", "optimizer"];

    /// <summary>What the worker computes on, once.</summary>
    public void Device(string kind, string description, string numerics) =>
        _device = [Measured(1, Label("kind", kind), Label("device", description), Label("numerics", numerics))];

    /// <summary>From here until <see cref="EndRun"/> the per-run gauges are exported, with label <c>run</c>. A new generation of the run begins it anew.</summary>
    public void BeginRun(RunIdentity run, int rank, int workers, ulong totalSteps)
    {
        _run = new RunGauges(run, rank, workers, totalSteps, _labels);
        _runsChanged();
    }

    public void EndRun()
    {
        if (_run is not null)
        {
            _run = null;
            _runsChanged();
        }
    }

    /// <summary>A committed training step, from 1. Loss and accuracy are the epoch's means so far; images are those that this worker computed.</summary>
    public void Step(ulong step, int epoch, double loss, double accuracy, double learningRate, int images, in StepPhases phases)
    {
        Interlocked.Increment(ref _steps);
        Interlocked.Add(ref _images, images);
        AddPhase(0, phases.Data);
        AddPhase(1, phases.Forward);
        AddPhase(2, phases.Backward);
        AddPhase(3, phases.AllReduce);
        AddPhase(4, phases.Optimizer);
        _stepDuration.Record(phases.Total, _labels);
        _run?.Step(step, epoch, loss, accuracy, learningRate);
    }

    /// <summary>One all-reduce: bytes that this worker sent and received, and how long it took from its first contribution to its last total.</summary>
    public void Collective(long bytesSent, long bytesReceived, double seconds)
    {
        Interlocked.Increment(ref _collectives);
        Interlocked.Add(ref _bytesSent, bytesSent);
        Interlocked.Add(ref _bytesReceived, bytesReceived);
        _collectiveDuration.Record(seconds, _labels);
        if (seconds > 0)
        {
            _run?.BusBandwidth(bytesSent / seconds);
        }
    }

    /// <summary>A step whose total or loss was not finite.</summary>
    public void NonFinite() => Interlocked.Increment(ref _nonFinite);

    /// <summary>The test set after a closed epoch.</summary>
    public void Evaluation(double loss, double accuracy) => _run?.Evaluation(loss, accuracy);

    private void AddPhase(int phase, double seconds) => Volatile.Write(ref _phaseSeconds[phase], _phaseSeconds[phase] + seconds);

    private Measurement<T> Measured<T>(T value, params ReadOnlySpan<KeyValuePair<string, object?>> labels)
        where T : struct => new(value, [.. labels, .. _labels]);

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);
}
