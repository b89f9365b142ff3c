using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Deploy;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Run;

namespace Trainer.Cluster.Tests.Metrics;

/// <summary>A real Prometheus watches real processes train.</summary>
[Collection("processes")]
public sealed class PrometheusTests
{
    [Fact]
    public async Task Series_move_during_a_job_every_panel_has_data_and_the_run_vanishes_with_it()
    {
        var program = Programs.Need("prometheus");
        await using var cluster = await LocalCluster.UpAsync(LocalCluster.SlowSteps, workers: 2, threads: 1);
        await using var prometheus = await PrometheusServer.StartAsync(program, Path.Combine(cluster.Home, "run", "token"), Targets(cluster));
        await prometheus.UntilAsync("up == 1", up => up.Count == 3);

        var id = await cluster.SubmitAsync(new TinyJob(Epochs: 100_000, MinWorkers: 1) { CheckpointSeconds = 1 }.Write(cluster.Home));
        var run = $"{{run=\"{id}\"}}";

        await AssertMovesAsync(prometheus, $"{MetricCatalog.Step.Name}{run}", series: 2);
        await AssertMovesAsync(prometheus, $"{MetricCatalog.Progress.Name}{run}", series: 2);
        await AssertMovesAsync(prometheus, MetricCatalog.Images.Name, series: 2);
        await AssertMovesAsync(prometheus, $"{MetricCatalog.StepDuration.Name}_count", series: 2);
        await AssertMovesAsync(prometheus, $"{MetricCatalog.StepPhase.Name}{{phase=\"backward\"}}", series: 2);
        await AssertMovesAsync(prometheus, $"{MetricCatalog.CollectiveBytes.Name}{{direction=\"sent\"}}", series: 2);
        await AssertMovesAsync(prometheus, $"{MetricCatalog.CollectiveDuration.Name}_sum", series: 2);
        await prometheus.UntilAsync($"{MetricCatalog.Jobs.Name}{{state=\"running\"}}", values => values is [1]);
        await prometheus.UntilAsync($"sum({MetricCatalog.ClusterMembers.Name}{{status=\"up\"}})", values => values is [3]);
        await prometheus.UntilAsync($"{MetricCatalog.Members.Name}{run}", values => values is [2, 2]);
        await prometheus.UntilAsync($"{MetricCatalog.TrainingLoss.Name}{run}", values => values.Count == 2 && values.All(loss => loss is > 0 and < 10));

        Signals.Kill(cluster.ProcessId("worker-1")); // A recovery; and a change, once it has come back.
        await AssertEveryPanelHasDataAsync(prometheus, id);
        await AssertAlertsFindWhatTheyNameAsync(prometheus);

        var cancelled = await cluster.RunAsync("cancel", id);
        Assert.True(cancelled.ExitCode == 0, $"cancel: {cancelled}");
        await prometheus.UntilAsync($"{{__name__=~\"trainer_.+\",run=\"{id}\"}}", values => values.Count == 0);
        await prometheus.UntilAsync($"{MetricCatalog.Jobs.Name}{{state=\"cancelled\"}}", values => values is [1]);
    }

    /// <summary>Each number and each curve of a job's dashboard is there when somebody looks a minute after it, with the intervals that Grafana has by default.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task A_job_of_some_seconds_leaves_something_to_see_in_every_panel()
    {
        var program = Programs.Need("prometheus");
        await using var cluster = await LocalCluster.UpAsync(LocalCluster.SlowSteps, workers: 2, threads: 1);
        await using var prometheus = await PrometheusServer.StartAsync(program, Path.Combine(cluster.Home, "run", "token"), Targets(cluster), interval: 5);
        await prometheus.UntilAsync("up == 1", up => up.Count == 3);

        var id = (await cluster.TrainAsync(new TinyJob(Epochs: 100, MinWorkers: 2) { CheckpointSeconds = 1 }.Write(cluster.Home))).GetProperty("id").GetString()!;
        await prometheus.UntilAsync($"trainer_run_info{{run=\"{id}\"}}", values => values.Count == 0);

        foreach (var query in Queries(Dashboards.Where(dashboard => dashboard.IsOfRun)))
        {
            var points = await prometheus.QueryRangeAsync(Filled(query, id, interval: "15s", rateInterval: "60s"), TimeSpan.FromMinutes(2), step: 15);
            Assert.True(points.Any(count => count > 0), $"{query}: nothing is left of the job");
        }
    }

    private static async Task AssertEveryPanelHasDataAsync(PrometheusServer prometheus, string run)
    {
        foreach (var query in Queries(Dashboards))
        {
            await prometheus.UntilAsync(Filled(query, run, interval: "10s", rateInterval: "10s"), values => values.Count > 0);
        }
    }

    /// <summary>Prometheus evaluates each rule, and has seen each metric that one names; nobody is evicted here.</summary>
    private static async Task AssertAlertsFindWhatTheyNameAsync(PrometheusServer prometheus)
    {
        var rules = await prometheus.RulesAsync();
        Assert.All(rules, rule => Assert.True(rule.Value == "ok", $"{rule.Key}: {rule.Value}"));
        var text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "deploy/prometheus/alerts.yaml"), CancellationToken.None);
        foreach (var metric in MetricCatalog.All.Where(metric => metric != MetricCatalog.Evicted && text.Contains(metric.Name, StringComparison.Ordinal)))
        {
            await prometheus.UntilAsync($"count(last_over_time({metric.Name}[5m]))", values => values is [> 0]);
        }
    }

    private static IEnumerable<string> Queries(IEnumerable<Hosting.Metrics.Dashboard> dashboards) => dashboards.SelectMany(dashboard => dashboard.Rows).SelectMany(row => row.Panels).SelectMany(panel => panel.Queries).Select(query => query.Expression);

    private static IReadOnlyList<Hosting.Metrics.Dashboard> Dashboards => Hosting.Metrics.Dashboard.All;

    /// <summary>With Grafana's variables filled in.</summary>
    private static string Filled(string expression, string run, string interval, string rateInterval) => expression
        .Replace("$__rate_interval", rateInterval, StringComparison.Ordinal)
        .Replace("$__interval", interval, StringComparison.Ordinal)
        .Replace("$job", ".+", StringComparison.Ordinal)
        .Replace("$run", run, StringComparison.Ordinal);

    private static async Task AssertMovesAsync(PrometheusServer prometheus, string expression, int series)
    {
        var first = await prometheus.UntilAsync(expression, values => values.Count == series);
        await prometheus.UntilAsync(expression, values => values.Count == series && values.Sum() > first.Sum());
    }

    private static IEnumerable<(string Name, string Address)> Targets(LocalCluster cluster) => RunFolder
        .OpenOrCreate(Path.Combine(cluster.Home, "run"))
        .Endpoints()
        .Select(endpoint => (endpoint.Name, new Uri(endpoint.Http).Authority));
}
