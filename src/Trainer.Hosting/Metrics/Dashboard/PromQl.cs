namespace Trainer.Hosting.Metrics;

/// <summary>Expressions over the catalogue's metrics, with Grafana's variables: <c>$job</c> is the Prometheus job, which is one cluster, <c>$run</c> a job's id.</summary>
internal static class PromQl
{
    /// <summary>At least four scrapes, and at least a step of the panel: what a rate needs.</summary>
    public const string Rate = "[$__rate_interval]";

    /// <summary>What a step of the panel stands for: a value that was there between two steps is shown, so that a short job leaves its trace in a long range.</summary>
    public const string Step = "[$__interval]";

    /// <summary>The matcher of the chosen run.</summary>
    public const string Chosen = "run=\"$run\"";

    /// <summary>Series of one worker: a process that has several tells them apart by label worker.</summary>
    public const string OnWorker = "on (job, instance, worker)";

    /// <summary>That a worker serves the chosen run, or did within the rate's window: counters carry no run.</summary>
    private static string ServesRun => $"and {OnWorker} last_over_time({Of(MetricCatalog.RunInfo, Chosen)}{Rate})";

    /// <param name="matchers">Beside the job's: <c>state="running"</c>.</param>
    public static string Of(MetricDefinition metric, string matchers = "") => Of(metric.Name, matchers);

    public static string Of(string name, string matchers = "") => $"{name}{{job=~\"$job\"{(matchers.Length > 0 ? "," : "")}{matchers}}}";

    /// <summary>A gauge of the chosen run; every member knows the same value.</summary>
    public static string OfRun(MetricDefinition gauge, string by = "run") => $"max by ({by}) (last_over_time({Of(gauge, Chosen)}{Step}))";

    /// <summary>A counter's rate on the workers of the chosen run.</summary>
    public static string RateInRun(string counter, string by, string matchers = "") => $"sum by ({by}) (rate({Of(counter, matchers)}{Rate}) {ServesRun})";

    /// <summary>How often something happened within the rate's window.</summary>
    public static string Increase(MetricDefinition counter, string by = "") => $"sum{(by.Length > 0 ? $" by ({by})" : "")} (increase({Of(counter)}{Rate}))";

    /// <summary>Of what happens all the time.</summary>
    public static string Quantile(double quantile, MetricDefinition histogram) =>
        FormattableString.Invariant($"histogram_quantile({quantile}, sum by (le) (rate({Of($"{histogram.Name}_bucket")}{Rate})))");

    /// <summary>Likewise, on the workers of the chosen run.</summary>
    public static string QuantileInRun(double quantile, MetricDefinition histogram) =>
        FormattableString.Invariant($"histogram_quantile({quantile}, {RateInRun($"{histogram.Name}_bucket", "le")})");

    /// <summary>Of what happens seldom: of all that there was since the processes started. A rate would miss the first, since a histogram is not there before it.</summary>
    public static string QuantileSinceStart(double quantile, MetricDefinition histogram) =>
        FormattableString.Invariant($"histogram_quantile({quantile}, sum by (le) ({Of($"{histogram.Name}_bucket")}))");

    /// <summary>Names the run of each series that has label run, and no name yet.</summary>
    public static string Named(string series) => $"{series} * on (job, run) group_left (name) max by (job, run, name) ({Of(MetricCatalog.RunInfo)})";
}
