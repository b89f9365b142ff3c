using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Trainer.Hosting.Metrics;

namespace Trainer.Hosting.Tests.Metrics;

/// <summary>The dashboards by what the processes expose; <see cref="DashboardLintTests"/> have the linter's rules.</summary>
public sealed partial class DashboardTests
{
    public static TheoryData<string> Files => [.. Dashboard.All.Select(dashboard => dashboard.File)];

    /// <summary><c>TRAINER_UPDATE=1</c> writes the file instead.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void The_committed_file_is_the_generated_one(string name)
    {
        var (file, json) = (Path.Combine(Repository.Root, "deploy/grafana", name), Find(name).Json());
        if (Environment.GetEnvironmentVariable("TRAINER_UPDATE") == "1")
        {
            File.WriteAllText(file, json);
        }

        Assert.True(File.ReadAllText(file) == json, $"{file} is not what Dashboard.Json() makes: run this test with TRAINER_UPDATE=1 and commit");
    }

    [Fact]
    public void No_other_file_is_a_dashboard() => Assert.Equal(
        Files.Select(row => row.Data).Order(StringComparer.Ordinal),
        Directory.GetFiles(Path.Combine(Repository.Root, "deploy/grafana"), "*.json").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Files))]
    public void It_can_be_provisioned(string name)
    {
        var json = JsonNode.Parse(Find(name).Json())!;

        Assert.StartsWith("trainer", (string)json["uid"]!, StringComparison.Ordinal);
        Assert.Null(json["id"]);
        Assert.Null(json["__inputs"]);
        Assert.Equal(json["panels"]!.AsArray().Count, json["panels"]!.AsArray().Select(panel => (int)panel!["id"]!).Distinct().Count());
        Assert.Equal(Dashboard.All.Count, Dashboard.All.Select(dashboard => dashboard.Uid).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_query_has_a_legend_and_thresholds_ascend(string name) => Assert.All(Panels(name), panel =>
    {
        Assert.All(panel.Queries, query => Assert.NotEmpty(query.Legend));
        Assert.Equal(panel.Thresholds.OrderBy(threshold => threshold.From), panel.Thresholds);
    });

    [Theory]
    [MemberData(nameof(Files))]
    public void Panels_do_not_overlap(string name)
    {
        var taken = new HashSet<(int, int)>();
        foreach (var panel in JsonNode.Parse(Find(name).Json())!["panels"]!.AsArray())
        {
            var grid = panel!["gridPos"]!;
            Assert.True((int)grid["x"]! + (int)grid["w"]! <= 24);
            for (var x = 0; x < (int)grid["w"]!; x++)
            {
                for (var y = 0; y < (int)grid["h"]!; y++)
                {
                    Assert.True(taken.Add(((int)grid["x"]! + x, (int)grid["y"]! + y)), $"{panel["title"]} lies on another panel");
                }
            }
        }
    }

    [Fact]
    public void Every_metric_of_the_catalogue_is_shown_and_no_other()
    {
        var shown = Expressions().SelectMany(MetricNames).Where(name => name.StartsWith("trainer_", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal);

        Assert.Equal(MetricCatalog.All.Select(metric => metric.Name).Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
    }

    /// <summary>A value that is gone between two steps of a long range is looked for in the whole step; a point alone is drawn, and numbers are the last there were.</summary>
    [Fact]
    public void What_shows_one_run_survives_a_short_job()
    {
        var run = Dashboard.All.Single(dashboard => dashboard.IsOfRun);

        Assert.All(run.Rows.SelectMany(row => row.Panels).SelectMany(panel => panel.Queries), query =>
            Assert.All(OfChosenRun().Matches(query.Expression).Select(match => match.Groups["after"].Value), after => Assert.StartsWith("[$__", after, StringComparison.Ordinal)));
        Assert.All(JsonNode.Parse(run.Json())!["panels"]!.AsArray().Where(panel => (string?)panel!["type"] == "timeseries"), panel => Assert.Equal("auto", (string?)panel!["fieldConfig"]!["defaults"]!["custom"]!["showPoints"]));
        Assert.All(JsonNode.Parse(run.Json())!["panels"]!.AsArray().Where(panel => (string?)panel!["type"] == "stat"), panel => Assert.Equal("lastNotNull", (string?)panel!["options"]!["reduceOptions"]!["calcs"]![0]));
    }

    [Fact]
    public async Task The_runtimes_metrics_have_the_names_that_the_dashboards_use()
    {
        await using var host = await MetricsHost.StartAsync("worker");

        var lines = await host.ScrapeAsync(all => all.Length > 10);

        Assert.All(
            Expressions().SelectMany(MetricNames).Where(name => name.StartsWith("dotnet_", StringComparison.Ordinal)),
            name => Assert.Contains(lines, line => line.StartsWith($"# TYPE {name} ", StringComparison.Ordinal)));
    }

    /// <summary>Names of metrics; a histogram's parts count as the histogram.</summary>
    internal static IEnumerable<string> MetricNames(string expression) => MetricName().Matches(expression).Select(match => match.Groups["name"].Value);

    private static Dashboard Find(string file) => Dashboard.All.Single(dashboard => dashboard.File == file);

    private static IEnumerable<Panel> Panels(string file) => Find(file).Rows.SelectMany(row => row.Panels);

    private static IEnumerable<string> Expressions() => Files.SelectMany(row => Panels(row.Data)).SelectMany(panel => panel.Queries).Select(query => query.Expression);

    [GeneratedRegex(@"\b(?<name>(trainer|dotnet)_[a-z_]+?)(_bucket|_sum|_count)?\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MetricName();

    [GeneratedRegex("""run="\$run"\}(?<after>.{0,4})""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OfChosenRun();
}
