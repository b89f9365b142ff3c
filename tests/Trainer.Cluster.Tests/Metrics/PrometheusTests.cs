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
        await AssertEveryPanelHasDataAsync(prometheus);

        var cancelled = await cluster.RunAsync("cancel", id);
        Assert.True(cancelled.ExitCode == 0, $"cancel: {cancelled}");
        await prometheus.UntilAsync($"{{__name__=~\"trainer_.+\",run=\"{id}\"}}", values => values.Count == 0);
        await prometheus.UntilAsync($"{MetricCatalog.Jobs.Name}{{state=\"cancelled\"}}", values => values is [1]);
    }

    /// <summary>Every query of the dashboard, with Grafana's variables filled in.</summary>
    private static async Task AssertEveryPanelHasDataAsync(PrometheusServer prometheus)
    {
        foreach (var panel in Hosting.Metrics.Dashboard.Rows.SelectMany(row => row.Panels))
        {
            foreach (var query in panel.Queries)
            {
                var expression = query.Expression.Replace("$__rate_interval", "10s", StringComparison.Ordinal).Replace("$run", ".*", StringComparison.Ordinal);
                await prometheus.UntilAsync(expression, values => values.Count > 0);
            }
        }
    }

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
