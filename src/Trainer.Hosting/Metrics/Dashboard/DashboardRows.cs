namespace Trainer.Hosting.Metrics;

/// <summary>What the dashboard shows.</summary>
internal static class DashboardRows
{
    public static readonly IReadOnlyList<PanelRow> All =
    [
        new(
            "Cluster",
            Lines("Jobs", MetricCatalog.Jobs, "short", new PanelQuery($"max by (state) ({MetricCatalog.Jobs.Name})", "{{state}}")) with { Stacked = true },
            Lines("Workers", MetricCatalog.Workers, "short", new PanelQuery($"max by (state) ({MetricCatalog.Workers.Name})", "{{state}}")) with { Stacked = true },
            Lines(
                "Cluster members",
                MetricCatalog.ClusterMembers,
                "short",
                new PanelQuery($"max by (role, status) ({MetricCatalog.ClusterMembers.Name})", "{{role}} {{status}}"),
                new PanelQuery($"max({MetricCatalog.ClusterUnreachable.Name})", "unreachable")),
            Lines("Job transitions", MetricCatalog.JobTransitions, "short", new PanelQuery($"sum by (to, reason) (increase({MetricCatalog.JobTransitions.Name}{Interval}))", "{{to}} {{reason}}")),
            Lines("Queue wait", MetricCatalog.QueueWait, "s", Quantile(MetricCatalog.QueueWait, 0.5), Quantile(MetricCatalog.QueueWait, 0.95)),
            Lines("Preemptions", MetricCatalog.Preemptions, "short", new PanelQuery($"sum by (what) (increase({MetricCatalog.Preemptions.Name}{Interval}))", "{{what}}")),
            Lines("Recovery", MetricCatalog.Recovery, "s", Quantile(MetricCatalog.Recovery, 0.5), Quantile(MetricCatalog.Recovery, 0.95)),
            Lines("Pause of a planned change", MetricCatalog.ChangePause, "s", Quantile(MetricCatalog.ChangePause, 0.5), Quantile(MetricCatalog.ChangePause, 0.95)),
            Lines("Workers lost or left out", MetricCatalog.Evictions, "short", new PanelQuery($"sum by (reason) (increase({MetricCatalog.Evictions.Name}{Interval}))", "{{reason}}")),
            Lines("Steps computed again", MetricCatalog.StepsRedone, "short", new PanelQuery($"sum(increase({MetricCatalog.StepsRedone.Name}{Interval}))", "steps")),
            Lines("Age of the newest checkpoint", MetricCatalog.CheckpointAge, "s", OfRun(MetricCatalog.CheckpointAge, "{{run}}")),
            Lines("Size of the newest checkpoint", MetricCatalog.CheckpointSize, "bytes", OfRun(MetricCatalog.CheckpointSize, "{{run}}")),
            Lines("Store of jobs", MetricCatalog.StoreDuration, "s", Quantile(MetricCatalog.StoreDuration, 0.5), Quantile(MetricCatalog.StoreDuration, 0.99)),
            Lines("Free for jobs' files", MetricCatalog.ArtifactsFree, "bytes", new PanelQuery($"min({MetricCatalog.ArtifactsFree.Name})", "free")),
            Stat("Orphaned workers", MetricCatalog.Orphans, "none", new PanelQuery($"max({MetricCatalog.Orphans.Name})", "orphaned")) with { Width = 4 },
            Lines("Log lines dropped", MetricCatalog.LogLinesDropped, "short", new PanelQuery($"sum(increase({MetricCatalog.LogLinesDropped.Name}{Interval}))", "dropped")),
            Lines("Told to others", MetricCatalog.Deliveries, "short", new PanelQuery($"sum by (to, result) (increase({MetricCatalog.Deliveries.Name}{Interval}))", "{{to}} {{result}}")),
            Lines("States not written or not read", MetricCatalog.ArtifactFailures, "short", new PanelQuery($"sum by (what) (increase({MetricCatalog.ArtifactFailures.Name}{Interval}))", "{{what}}")),
            Stat("Processes", MetricCatalog.BuildInfo, "none", new PanelQuery($"count by (role, version) ({MetricCatalog.BuildInfo.Name})", "{{role}} {{version}}")) with { Width = 4 },
            Stat("Certificates expire in", MetricCatalog.CertificateNotAfter, "s", new PanelQuery($"min by (certificate) ({MetricCatalog.CertificateNotAfter.Name}) - time()", "{{certificate}}")) with { Width = 4 },
            Stat("Devices of workers", MetricCatalog.DeviceInfo, "none", new PanelQuery($"count by (kind) ({MetricCatalog.DeviceInfo.Name})", "{{kind}}")) with { Width = 4 }),
        new(
            "Training",
            Lines("Loss", MetricCatalog.TrainingLoss, "none", OfRun(MetricCatalog.TrainingLoss, "{{run}} training"), OfRun(MetricCatalog.EvaluationLoss, "{{run}} test")),
            Lines(
                "Accuracy",
                MetricCatalog.TrainingAccuracy,
                "percentunit",
                OfRun(MetricCatalog.TrainingAccuracy, "{{run}} training"),
                OfRun(MetricCatalog.EvaluationAccuracy, "{{run}} test")),
            Lines("Images per second", MetricCatalog.Images, "short", PerSecond(MetricCatalog.Images, "instance", "{{instance}}")) with { Stacked = true },
            Stat("Progress", MetricCatalog.Progress, "percentunit", OfRun(MetricCatalog.Progress, "{{run}}")) with { Width = 4 },
            Stat("Epoch", MetricCatalog.Epoch, "none", OfRun(MetricCatalog.Epoch, "{{run}}")) with { Width = 4 },
            Lines("Steps", MetricCatalog.Step, "none", OfRun(MetricCatalog.Step, "{{run}}")) with { Width = 4 },
            Lines("Learning rate", MetricCatalog.LearningRate, "none", OfRun(MetricCatalog.LearningRate, "{{run}}")) with { Width = 4 },
            Stat("Workers of the run", MetricCatalog.Members, "none", OfRun(MetricCatalog.Members, "{{run}}")) with { Width = 4 },
            Stat(
                "Since the last step",
                MetricCatalog.LastStepTimestamp,
                "s",
                new PanelQuery($"time() - max by (run) ({MetricCatalog.LastStepTimestamp.Name}{Selected})", "{{run}}")) with { Width = 4 }),
        new(
            "Steps",
            Lines("Step duration", MetricCatalog.StepDuration, "s", Quantile(MetricCatalog.StepDuration, 0.5), Quantile(MetricCatalog.StepDuration, 0.99)),
            Lines("Steps per second", MetricCatalog.Steps, "short", PerSecond(MetricCatalog.Steps, "instance", "{{instance}}")),
            Lines(
                "Share of a step",
                MetricCatalog.StepPhase,
                "percentunit",
                new PanelQuery(
                    $"sum by (phase) (rate({MetricCatalog.StepPhase.Name}{Interval}){InRun}) / scalar(sum(rate({MetricCatalog.StepPhase.Name}{Interval}){InRun}))",
                    "{{phase}}")) with { Stacked = true },
            Stat("Steps that were not finite", MetricCatalog.NonFinite, "none", new PanelQuery($"sum({MetricCatalog.NonFinite.Name})", "steps"))),
        new(
            "Collectives",
            Lines("All-reduce duration", MetricCatalog.CollectiveDuration, "s", Quantile(MetricCatalog.CollectiveDuration, 0.5), Quantile(MetricCatalog.CollectiveDuration, 0.99)),
            Lines("Bytes per second", MetricCatalog.CollectiveBytes, "Bps", PerSecond(MetricCatalog.CollectiveBytes, "instance, direction", "{{instance}} {{direction}}")),
            Lines(
                "Bus bandwidth",
                MetricCatalog.CollectiveBandwidth,
                "Bps",
                new PanelQuery($"avg by (run, instance) ({MetricCatalog.CollectiveBandwidth.Name}{Selected})", "{{run}} {{instance}}")),
            Lines(
                "All-reduces per second",
                MetricCatalog.CollectiveOperations,
                "short",
                PerSecond(MetricCatalog.CollectiveOperations, "instance", "{{instance}}"))),
        new(
            "Processes",
            new Panel(
                "Processors in use",
                "CPU time of each process per second.",
                "timeseries",
                "short",
                new PanelQuery($"sum by (instance) (rate(dotnet_process_cpu_time_seconds_total{Interval}))", "{{instance}}")),
            new Panel(
                "Memory",
                "Physical memory of each process.",
                "timeseries",
                "bytes",
                new PanelQuery("dotnet_process_memory_working_set_bytes", "{{instance}}")),
            new Panel(
                "Garbage collection",
                "Share of the time that the garbage collector stopped the process. A step allocates nothing: expect almost none.",
                "timeseries",
                "percentunit",
                new PanelQuery($"rate(dotnet_gc_pause_time_seconds_total{Interval})", "{{instance}}"))),
    ];

    private const string Interval = "[$__rate_interval]";

    private const string Selected = "{run=~\"$run\"}";

    // Counters carry no run: those of the instances that serve the chosen runs.
    private static string InRun => $" and on (instance) {MetricCatalog.Epoch.Name}{Selected}";

    private static Panel Lines(string title, MetricDefinition metric, string unit, params PanelQuery[] queries) =>
        new(title, metric.Help, "timeseries", unit, queries);

    private static Panel Stat(string title, MetricDefinition metric, string unit, params PanelQuery[] queries) =>
        new(title, metric.Help, "stat", unit, queries);

    /// <summary>Every member of a run knows the same value.</summary>
    private static PanelQuery OfRun(MetricDefinition metric, string legend) => new($"max by (run) ({metric.Name}{Selected})", legend);

    private static PanelQuery PerSecond(MetricDefinition counter, string labels, string legend) =>
        new($"sum by ({labels}) (rate({counter.Name}{Interval}){InRun})", legend);

    private static PanelQuery Quantile(MetricDefinition histogram, double quantile) =>
        new(FormattableString.Invariant($"histogram_quantile({quantile}, sum by (le) (rate({histogram.Name}_bucket{Interval})))"), FormattableString.Invariant($"{quantile:p0}"));
}
