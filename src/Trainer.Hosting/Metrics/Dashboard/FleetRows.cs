using static Trainer.Hosting.Metrics.Panels;
using static Trainer.Hosting.Metrics.PromQl;

namespace Trainer.Hosting.Metrics;

/// <summary>What the dashboard of the whole cluster shows.</summary>
internal static class FleetRows
{
    private const double GiB = 1 << 30;

    public static readonly IReadOnlyList<PanelRow> All =
    [
        new(
            "Now",
            Stat("Jobs", MetricCatalog.Jobs, "none", Query($"max by (state) ({Of(MetricCatalog.Jobs, "state=~\"queued|running|recovering\"")})", "{{state}}")) with { Width = 8 },
            Stat("Workers", MetricCatalog.Workers, "none", Query($"max by (state) ({Of(MetricCatalog.Workers)})", "{{state}}")) with { Width = 8 },
            Stat("Processes", MetricCatalog.BuildInfo, "none", Query($"count by (role, version) ({Of(MetricCatalog.BuildInfo)})", "{{role}} {{version}}")) with { Width = 8 },
            new Panel("Alerts", "Alerts of deploy/prometheus/alerts.yaml that fire, where Prometheus has been given them.", "stat", "none",
                Query("count(ALERTS{alertname=~\"Trainer.+\",alertstate=\"firing\"}) or vector(0)", "firing")) { Width = 4, Thresholds = [new(1, "red")] },
            Stat("Unreachable", MetricCatalog.ClusterUnreachable, "none", Query($"max({Of(MetricCatalog.ClusterUnreachable)})", "members")) with { Thresholds = [new(1, "red")] },
            Stat("Orphaned workers", MetricCatalog.Orphans, "none", Query($"max({Of(MetricCatalog.Orphans)})", "orphaned")) with { Thresholds = [new(1, "orange")] },
            Stat("Evicted workers", MetricCatalog.Evicted, "none", Query($"count({Of(MetricCatalog.Evicted)}) or vector(0)", "evicted")) with { Thresholds = [new(1, "orange")] },
            Stat("Free for jobs' files", MetricCatalog.ArtifactsFree, "bytes", Query($"min({Of(MetricCatalog.ArtifactsFree)})", "free")) with { Color = "red", Thresholds = [new(5 * GiB, "orange"), new(20 * GiB, "green")] },
            Stat("Certificates end in", MetricCatalog.CertificateNotAfter, "s", Query($"min by (certificate) ({Of(MetricCatalog.CertificateNotAfter)}) - time()", "{{certificate}}")) with
            {
                Color = "red",
                Thresholds = [new(2 * 86_400, "orange"), new(14 * 86_400, "green")],
            }),
        new(
            "Jobs",
            Lines("Jobs by state", MetricCatalog.Jobs, "short", Query($"max by (state) ({Of(MetricCatalog.Jobs)})", "{{state}}")) with { Stacked = true },
            Lines("Images per second", MetricCatalog.Images, "short", Query($"sum({Rated(MetricCatalog.Images)})", "all jobs")),
            Lines("Images per second by job", MetricCatalog.Images, "short", Query($"sum by (name, run) ({Rated(MetricCatalog.Images)} * {OnWorker} group_left (name, run) {Of(MetricCatalog.RunInfo)})", "{{name}} {{run}}")) with { Stacked = true },
            Lines("Progress", MetricCatalog.Progress, "percentunit", Query($"max by (name, run) ({Named(Of(MetricCatalog.Progress))})", "{{name}} {{run}}")),
            Lines("Time in the queue", MetricCatalog.QueueWait, "s", Quantiles(QuantileSinceStart, MetricCatalog.QueueWait, 0.5, 0.95)),
            Bars("Changes of jobs' states", MetricCatalog.JobTransitions, Query(Increase(MetricCatalog.JobTransitions, "to"), "{{to}}"))),
        new(
            "Workers",
            Lines("Workers by state", MetricCatalog.Workers, "short", Query($"max by (state) ({Of(MetricCatalog.Workers)})", "{{state}}")) with { Stacked = true },
            Lines("Members of the cluster", MetricCatalog.ClusterMembers, "short", Query($"max by (role, status) ({Of(MetricCatalog.ClusterMembers)})", "{{role}} {{status}}")),
            Lines("Steps per second", MetricCatalog.Steps, "short", Query($"sum by (instance) ({Rated(MetricCatalog.Steps)})", "{{instance}}")),
            Lines("Workers wanted", MetricCatalog.WorkersWanted, "short", Query($"max by (device) ({Of(MetricCatalog.WorkersWanted)})", "{{device}}")) with { Stacked = true },
            Stat("Devices", MetricCatalog.DeviceInfo, "none", Query($"count by (kind, device) ({Of(MetricCatalog.DeviceInfo)})", "{{kind}} {{device}}")) with { Width = 24 }),
        new(
            "Faults and recoveries",
            Bars("Workers lost or left out", MetricCatalog.Evictions, Query(Increase(MetricCatalog.Evictions, "reason"), "{{reason}}")),
            Lines("Recovery", MetricCatalog.Recovery, "s", Quantiles(QuantileSinceStart, MetricCatalog.Recovery, 0.5, 0.95)),
            Lines("Pause of a planned change", MetricCatalog.ChangePause, "s", Quantiles(QuantileSinceStart, MetricCatalog.ChangePause, 0.5, 0.95)),
            Bars("Steps computed again", MetricCatalog.StepsRedone, Query(Increase(MetricCatalog.StepsRedone), "steps")),
            Bars("Steps that were not finite", MetricCatalog.NonFinite, Query(Increase(MetricCatalog.NonFinite, "instance"), "{{instance}}")),
            Bars("Room for higher priority", MetricCatalog.Preemptions, Query(Increase(MetricCatalog.Preemptions, "what"), "{{what}}")),
            Bars("States not written or not read", MetricCatalog.ArtifactFailures, Query(Increase(MetricCatalog.ArtifactFailures, "what"), "{{what}}")),
            Bars("Log lines dropped", MetricCatalog.LogLinesDropped, Query(Increase(MetricCatalog.LogLinesDropped), "lines")),
            Lines("Free for jobs' files", MetricCatalog.ArtifactsFree, "bytes", Query($"min({Of(MetricCatalog.ArtifactsFree)})", "free")) with { Thresholds = [new(5 * GiB, "red")] }),
        new(
            "API and store",
            Lines("Calls per second", MetricCatalog.ApiCalls, "reqps", Query($"sum by (code) ({Rated(MetricCatalog.ApiCalls)}) > 0 or sum by (code) ({Rated(MetricCatalog.ApiCalls, "code=\"OK\"")})", "{{code}}")),
            Lines("Duration of a call", MetricCatalog.ApiDuration, "s", Quantiles(Quantile, MetricCatalog.ApiDuration, 0.5, 0.99)),
            Lines("Duration of a call to the store", MetricCatalog.StoreDuration, "s", Quantiles(Quantile, MetricCatalog.StoreDuration, 0.5, 0.99)),
            Bars("Told to others", MetricCatalog.Deliveries, Query(Increase(MetricCatalog.Deliveries, "to, result"), "{{to}} {{result}}")) with { Width = 24 }),
        new("Processes", OfProcesses(expression => expression)),
    ];

    private static string Rated(MetricDefinition counter, string matchers = "") => $"rate({Of(counter, matchers)}{Rate})";
}
