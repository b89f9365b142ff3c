using System.Diagnostics.Metrics;

namespace Trainer.Hosting.Metrics;

/// <summary>Where a step's time went, in seconds.</summary>
public readonly record struct StepPhases(double Data, double Forward, double Backward, double AllReduce, double Optimizer)
{
    public double Total => Data + Forward + Backward + AllReduce + Optimizer;
}

/// <summary>
/// What a worker measures. One object per node. The training threads write fields, which are read when somebody scrapes, and two histograms:
/// nothing is allocated and nothing waits. <see cref="Step"/> is for one thread at a time, as are <see cref="BeginRun"/> and <see cref="EndRun"/>;
/// everything else may be called from any.
/// </summary>
public sealed class TrainingMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Histogram<double> _stepDuration;
    private readonly Histogram<double> _collectiveDuration;
    private readonly double[] _phaseSeconds = new double[5];
    private long _steps;
    private long _images;
    private long _nonFinite;
    private long _collectives;
    private long _bytesSent;
    private long _bytesReceived;
    private volatile RunGauges? _run;

    public TrainingMetrics()
    {
        _meter = MetricCatalog.MeterOf(this);
        _stepDuration = _meter.Histogram(MetricCatalog.StepDuration);
        _collectiveDuration = _meter.Histogram(MetricCatalog.CollectiveDuration);
        _meter.Observe(MetricCatalog.Steps, () => Volatile.Read(ref _steps));
        _meter.Observe(MetricCatalog.Images, () => Volatile.Read(ref _images));
        _meter.Observe(MetricCatalog.NonFinite, () => Volatile.Read(ref _nonFinite));
        _meter.ObserveEach(MetricCatalog.StepPhase, () => PhaseNames.Select((name, i) => Measured(Volatile.Read(ref _phaseSeconds[i]), "phase", name)));
        _meter.Observe(MetricCatalog.CollectiveOperations, () => Volatile.Read(ref _collectives));
        _meter.ObserveEach<long>(MetricCatalog.CollectiveBytes, () =>
            [Measured(Volatile.Read(ref _bytesSent), "direction", "sent"), Measured(Volatile.Read(ref _bytesReceived), "direction", "received")]);
    }

    private static readonly string[] PhaseNames = ["data", "forward", "backward", "allreduce", "optimizer"];

    /// <summary>What the worker computes on, once.</summary>
    public void Device(string kind, string description, string numerics) => _meter.ObserveEach<int>(
        MetricCatalog.DeviceInfo, () => [new(1, Label("kind", kind), Label("device", description), Label("numerics", numerics))]);

    /// <summary>From here until <see cref="EndRun"/> the per-run gauges are exported, with label <c>run</c>. A new generation of the run begins it anew.</summary>
    public void BeginRun(RunIdentity run, int rank, int workers, ulong totalSteps)
    {
        EndRun();
        _run = new RunGauges(this, run, rank, workers, totalSteps);
    }

    public void EndRun()
    {
        _run?.Dispose();
        _run = null;
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
        _stepDuration.Record(phases.Total);
        _run?.Step(step, epoch, loss, accuracy, learningRate);
    }

    /// <summary>One all-reduce: bytes that this worker sent and received, and how long it took from its first contribution to its last total.</summary>
    public void Collective(long bytesSent, long bytesReceived, double seconds)
    {
        Interlocked.Increment(ref _collectives);
        Interlocked.Add(ref _bytesSent, bytesSent);
        Interlocked.Add(ref _bytesReceived, bytesReceived);
        _collectiveDuration.Record(seconds);
        if (seconds > 0)
        {
            _run?.BusBandwidth(bytesSent / seconds);
        }
    }

    /// <summary>A step whose total or loss was not finite.</summary>
    public void NonFinite() => Interlocked.Increment(ref _nonFinite);

    /// <summary>The test set after a closed epoch.</summary>
    public void Evaluation(double loss, double accuracy) => _run?.Evaluation(loss, accuracy);

    public void Dispose()
    {
        EndRun();
        _meter.Dispose();
    }

    private void AddPhase(int phase, double seconds) => Volatile.Write(ref _phaseSeconds[phase], _phaseSeconds[phase] + seconds);

    private static Measurement<T> Measured<T>(T value, string label, string text)
        where T : struct => new(value, Label(label, text));

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);
}
