using System.Diagnostics.Metrics;

namespace Trainer.Hosting.Metrics;

/// <summary>Which job a worker serves.</summary>
/// <param name="Model">Its network's name in the zoo; layers: it is none of those.</param>
public sealed record RunIdentity(string Id, string Name, string Model);

/// <summary>The gauges of one run. They live on a meter of their own: with it they vanish from the next scrape.</summary>
/// <remarks>
/// On a shared meter each run would leave a metric point behind for ever, and from the 2,000th on the exporter would fold all runs into one
/// (<c>otel_metric_overflow</c>). Values are written and read without a lock: aligned doubles are never torn.
/// </remarks>
internal sealed class RunGauges : IDisposable
{
    private readonly Meter _meter;
    private readonly KeyValuePair<string, object?> _label;
    private readonly ulong _totalSteps;
    private double _step = double.NaN;
    private double _epoch = double.NaN;
    private double _loss = double.NaN;
    private double _accuracy = double.NaN;
    private double _learningRate = double.NaN;
    private double _lastStep = double.NaN;
    private double _evaluationLoss = double.NaN;
    private double _evaluationAccuracy = double.NaN;
    private double _busBandwidth = double.NaN;

    public RunGauges(object owner, RunIdentity run, int rank, int workers, ulong totalSteps)
    {
        _meter = MetricCatalog.MeterOf(owner);
        _label = new("run", run.Id);
        _totalSteps = totalSteps;
        _meter.ObserveEach<int>(MetricCatalog.RunInfo, () => [new(1, _label, new("name", run.Name), new("model", run.Model))]);
        Observe(MetricCatalog.Rank, () => rank);
        Observe(MetricCatalog.Members, () => workers);
        Observe(MetricCatalog.Step, () => _step);
        Observe(MetricCatalog.Progress, () => _step / _totalSteps);
        Observe(MetricCatalog.Epoch, () => _epoch);
        Observe(MetricCatalog.TrainingLoss, () => _loss);
        Observe(MetricCatalog.TrainingAccuracy, () => _accuracy);
        Observe(MetricCatalog.LearningRate, () => _learningRate);
        Observe(MetricCatalog.LastStepTimestamp, () => _lastStep);
        Observe(MetricCatalog.EvaluationLoss, () => _evaluationLoss);
        Observe(MetricCatalog.EvaluationAccuracy, () => _evaluationAccuracy);
        Observe(MetricCatalog.CollectiveBandwidth, () => _busBandwidth);
    }

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

    public void Dispose() => _meter.Dispose();

    /// <summary>What has no value yet is NaN here, and absent from the scrape.</summary>
    private void Observe(MetricDefinition metric, Func<double> read) =>
        _meter.ObserveEach<double>(metric, () => read() is var value && double.IsNaN(value) ? [] : [new(value, _label)]);
}
