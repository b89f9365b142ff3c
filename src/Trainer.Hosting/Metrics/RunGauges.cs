using System.Diagnostics.Metrics;

namespace Trainer.Hosting.Metrics;

/// <summary>Which job a worker serves.</summary>
/// <param name="Model">Its network's name in the zoo; layers: it is none of those.</param>
public sealed record RunIdentity(string Id, string Name, string Model);

/// <summary>What a worker's gauges tell of the run that it serves. Values are written and read without a lock: aligned doubles are never torn.</summary>
/// <param name="labels">The worker's.</param>
internal sealed class RunGauges(RunIdentity run, int rank, int workers, ulong totalSteps, KeyValuePair<string, object?>[] labels)
{
    private readonly KeyValuePair<string, object?>[] _labels = [new("run", run.Id), .. labels];
    private double _step = double.NaN;
    private double _epoch = double.NaN;
    private double _loss = double.NaN;
    private double _accuracy = double.NaN;
    private double _learningRate = double.NaN;
    private double _lastStep = double.NaN;
    private double _evaluationLoss = double.NaN;
    private double _evaluationAccuracy = double.NaN;
    private double _busBandwidth = double.NaN;

    /// <summary>How each is read; NaN: it has no value yet.</summary>
    public static IReadOnlyList<(MetricDefinition Metric, Func<RunGauges, double> Read)> All { get; } =
    [
        (MetricCatalog.Rank, run => run.Rank),
        (MetricCatalog.Members, run => run.Workers),
        (MetricCatalog.Step, run => run._step),
        (MetricCatalog.Progress, run => run._step / run.TotalSteps),
        (MetricCatalog.Epoch, run => run._epoch),
        (MetricCatalog.TrainingLoss, run => run._loss),
        (MetricCatalog.TrainingAccuracy, run => run._accuracy),
        (MetricCatalog.LearningRate, run => run._learningRate),
        (MetricCatalog.LastStepTimestamp, run => run._lastStep),
        (MetricCatalog.EvaluationLoss, run => run._evaluationLoss),
        (MetricCatalog.EvaluationAccuracy, run => run._evaluationAccuracy),
        (MetricCatalog.CollectiveBandwidth, run => run._busBandwidth),
    ];

    public Measurement<int> Info { get; } = new(1, [new("run", run.Id), new("name", run.Name), new("model", run.Model), .. labels]);

    private int Rank => rank;

    private int Workers => workers;

    private ulong TotalSteps => totalSteps;

    /// <summary>What there is of a gauge.</summary>
    public IEnumerable<Measurement<double>> Measure(Func<RunGauges, double> read) => read(this) is var value && double.IsNaN(value) ? [] : [new(value, _labels)];

    public void Step(ulong step, int epoch, double loss, double accuracy, double learningRate)
    {
        _step = step;
        _epoch = epoch;
        _loss = loss;
        _accuracy = accuracy;
        _learningRate = learningRate;
        _lastStep = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
    }

    public void Evaluation(double loss, double accuracy) => (_evaluationLoss, _evaluationAccuracy) = (loss, accuracy);

    public void BusBandwidth(double bytesPerSecond) => _busBandwidth = bytesPerSecond;
}

/// <summary>The instruments of the runs that a process's workers serve. They live on a meter of their own: with it they vanish from the next scrape.</summary>
/// <remarks>
/// On a shared meter each run would leave a metric point behind for ever, and from the 2,000th on the exporter would fold all runs into one
/// (<c>otel_metric_overflow</c>). So there is another one as soon as one of the workers begins or ends a run.
/// </remarks>
internal sealed class RunMeter : IDisposable
{
    private readonly Meter _meter;

    public RunMeter(object owner, IReadOnlyList<RunGauges> runs)
    {
        _meter = MetricCatalog.MeterOf(owner);
        _meter.ObserveEach<int>(MetricCatalog.RunInfo, () => runs.Select(run => run.Info));
        foreach (var (metric, read) in RunGauges.All)
        {
            _meter.ObserveEach<double>(metric, () => runs.SelectMany(run => run.Measure(read)));
        }
    }

    public void Dispose() => _meter.Dispose();
}
