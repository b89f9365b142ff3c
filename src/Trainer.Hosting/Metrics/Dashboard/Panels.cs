namespace Trainer.Hosting.Metrics;

/// <summary>Panels whose description is their metric's help text.</summary>
internal static class Panels
{
    /// <summary>Of six in a line.</summary>
    private const int StatWidth = 4;

    public static Panel Lines(string title, MetricDefinition metric, string unit, params PanelQuery[] queries) => new(title, metric.Help, "timeseries", unit, queries);

    public static Panel Bars(string title, MetricDefinition metric, params PanelQuery[] queries) => Lines(title, metric, "short", queries) with { Bars = true };

    public static Panel Stat(string title, MetricDefinition metric, string unit, params PanelQuery[] queries) => new(title, metric.Help, "stat", unit, queries) { Width = StatWidth };

    /// <summary>The .NET runtime's own, of the processes that the expressions choose.</summary>
    public static Panel[] OfProcesses(Func<string, string> choose) =>
    [
        new("Processors in use", "CPU time of each process per second.", "timeseries", "short",
            new PanelQuery($"sum by (instance) ({choose($"rate({PromQl.Of("dotnet_process_cpu_time_seconds_total")}{PromQl.Rate})")})", "{{instance}}")),
        new("Memory", "Physical memory of each process.", "timeseries", "bytes",
            new PanelQuery(choose(PromQl.Of("dotnet_process_memory_working_set_bytes")), "{{instance}}")),
        new("Garbage collection", "Share of the time that the garbage collector stopped the process. A step allocates nothing: expect almost none.", "timeseries", "percentunit",
            new PanelQuery(choose($"rate({PromQl.Of("dotnet_gc_pause_time_seconds_total")}{PromQl.Rate})"), "{{instance}}")),
    ];

    public static PanelQuery Query(string expression, string legend) => new(expression, legend);

    public static PanelQuery[] Quantiles(Func<double, MetricDefinition, string> expression, MetricDefinition histogram, params double[] quantiles) =>
        [.. quantiles.Select(quantile => new PanelQuery(expression(quantile, histogram), FormattableString.Invariant($"{quantile:p0}")))];
}
