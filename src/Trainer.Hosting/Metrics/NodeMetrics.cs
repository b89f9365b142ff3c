using System.Diagnostics.Metrics;

namespace Trainer.Hosting.Metrics;

/// <summary>What the workers of a process measure. Each instrument is there once and tells of all of them; where there are several, each series has the label <c>worker</c>.</summary>
/// <remarks>OpenTelemetry takes instruments of one name for one instrument, so that workers cannot have some of their own.</remarks>
public sealed class NodeMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Lock _lock = new();
    private RunMeter? _runs;

    /// <param name="workers">Their names.</param>
    public NodeMetrics(params IReadOnlyList<string> workers)
    {
        _meter = MetricCatalog.MeterOf(this);
        var (steps, collectives) = (_meter.Histogram(MetricCatalog.StepDuration), _meter.Histogram(MetricCatalog.CollectiveDuration));
        Workers = [.. workers.Select(name => new TrainingMetrics(steps, collectives, RunsChanged, workers.Count == 1 ? [] : [new("worker", name)]))];
        ObserveEach(MetricCatalog.DeviceInfo, worker => worker.DeviceInfo);
        Observe(MetricCatalog.Steps, worker => worker.Steps);
        Observe(MetricCatalog.Images, worker => worker.Images);
        Observe(MetricCatalog.NonFinite, worker => worker.NonFinites);
        ObserveEach(MetricCatalog.StepPhase, worker => worker.PhaseSeconds);
        Observe(MetricCatalog.CollectiveOperations, worker => worker.Collectives);
        ObserveEach(MetricCatalog.CollectiveBytes, worker => worker.CollectiveBytes);
    }

    public IReadOnlyList<TrainingMetrics> Workers { get; }

    public void Dispose()
    {
        lock (_lock)
        {
            _runs?.Dispose();
        }

        _meter.Dispose();
    }

    private void Observe(MetricDefinition metric, Func<TrainingMetrics, Measurement<long>> read) => ObserveEach<long>(metric, worker => [read(worker)]);

    private void ObserveEach<T>(MetricDefinition metric, Func<TrainingMetrics, IEnumerable<Measurement<T>>> read)
        where T : struct => _meter.ObserveEach(metric, () => Workers.SelectMany(read));

    private void RunsChanged()
    {
        lock (_lock)
        {
            _runs?.Dispose();
            List<RunGauges> runs = [.. Workers.Select(worker => worker.Run).OfType<RunGauges>()];
            _runs = runs.Count == 0 ? null : new RunMeter(this, runs);
        }
    }
}
