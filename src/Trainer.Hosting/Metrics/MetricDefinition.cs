using System.Diagnostics.Metrics;

namespace Trainer.Hosting.Metrics;

public enum MetricKind
{
    Gauge,
    Counter,
    Histogram,
}

/// <summary>Which processes export a metric.</summary>
public enum MetricSource
{
    Every,
    Worker,
    Coordinator,
}

/// <summary>One metric as Prometheus sees it. Instruments, dashboard and documentation are all made from these.</summary>
/// <param name="Name">Full name, with unit and <c>_total</c>.</param>
/// <param name="Unit">UCUM as OpenTelemetry writes it: s, By, By/s; 1 for ratios; empty for counts.</param>
/// <param name="Labels">Bounded sets only; never one called job, which Prometheus gives to its own.</param>
public sealed record MetricDefinition(string Name, MetricKind Kind, MetricSource Source, string Unit, string Help, params string[] Labels)
{
    /// <summary>Upper bounds of a histogram's buckets.</summary>
    public IReadOnlyList<double> Buckets { get; init; } = [];

    /// <summary>The instrument's name: the exporter appends the unit and, for counters, _total.</summary>
    public string InstrumentName
    {
        get
        {
            var name = Kind == MetricKind.Counter ? Without(Name, "_total") : Name;
            return Without(name, Suffix(Unit));
        }
    }

    /// <summary>Bounds first, 2 first, 4 first, ...</summary>
    public static double[] Doubling(double first, int count) => [.. Enumerable.Range(0, count).Select(k => Math.ScaleB(first, k))];

    private static string Suffix(string unit) => unit switch
    {
        "s" => "_seconds",
        "By" => "_bytes",
        "By/s" => "_bytes_per_second",
        _ => "",
    };

    private static string Without(string name, string suffix) =>
        name.EndsWith(suffix, StringComparison.Ordinal) ? name[..^suffix.Length] : throw new InvalidOperationException($"metric {name}: its name should end in {suffix}");
}

/// <summary>Makes instruments from definitions.</summary>
internal static class MeterExtensions
{
    public static void ObserveEach<T>(this Meter meter, MetricDefinition metric, Func<IEnumerable<Measurement<T>>> read)
        where T : struct
    {
        if (metric.Kind == MetricKind.Counter)
        {
            meter.CreateObservableCounter(metric.InstrumentName, read, metric.Unit, metric.Help);
        }
        else
        {
            meter.CreateObservableGauge(metric.InstrumentName, read, metric.Unit, metric.Help);
        }
    }

    public static void Observe<T>(this Meter meter, MetricDefinition metric, Func<T> read)
        where T : struct => meter.ObserveEach<T>(metric, () => [new(read())]);

    public static Counter<long> Counter(this Meter meter, MetricDefinition metric) =>
        meter.CreateCounter<long>(metric.InstrumentName, metric.Unit, metric.Help);

    public static Histogram<double> Histogram(this Meter meter, MetricDefinition metric) =>
        meter.CreateHistogram(metric.InstrumentName, metric.Unit, metric.Help, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = metric.Buckets });
}
