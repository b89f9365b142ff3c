using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Trainer.Hosting.Metrics;

namespace Trainer.Hosting.Tests.Metrics;

/// <summary>The dashboard, by the rules of Grafana's dashboard-linter and by what the processes expose.</summary>
[Collection(nameof(MetricsCollection))]
public sealed partial class DashboardTests
{
    private static readonly JsonNode Json = JsonNode.Parse(Dashboard.Json())!;

    private static IEnumerable<JsonNode> Panels => Json["panels"]!.AsArray().Where(panel => (string?)panel!["type"] != "row")!;

    /// <summary><c>TRAINER_UPDATE=1</c> writes the file instead.</summary>
    [Fact]
    public void The_committed_file_is_the_generated_one()
    {
        var file = Path.Combine(Repository.Root, "deploy/grafana/trainer.json");
        if (Environment.GetEnvironmentVariable("TRAINER_UPDATE") == "1")
        {
            File.WriteAllText(file, Dashboard.Json());
        }

        Assert.True(File.ReadAllText(file) == Dashboard.Json(), $"{file} is not what Dashboard.Json() makes: run this test with TRAINER_UPDATE=1 and commit");
    }

    [Fact]
    public void It_can_be_provisioned()
    {
        Assert.Equal("trainer", (string?)Json["uid"]);
        Assert.Null(Json["id"]);
        Assert.Null(Json["__inputs"]);
        Assert.Equal("datasource", (string?)Json["templating"]!["list"]![0]!["type"]);
        Assert.Equal(Json["panels"]!.AsArray().Count, Json["panels"]!.AsArray().Select(panel => (int)panel!["id"]!).Distinct().Count());
    }

    [Fact]
    public void Every_panel_has_title_description_unit_and_data_source() => Assert.All(Panels, panel =>
    {
        Assert.NotEmpty((string)panel["title"]!);
        Assert.NotEmpty((string)panel["description"]!);
        Assert.NotEmpty((string)panel["fieldConfig"]!["defaults"]!["unit"]!);
        Assert.Equal("${datasource}", (string?)panel["datasource"]!["uid"]);
        Assert.NotEmpty(panel["targets"]!.AsArray());
        Assert.All(panel["targets"]!.AsArray(), target => Assert.NotEmpty((string)target!["legendFormat"]!));
    });

    [Fact]
    public void Panels_do_not_overlap()
    {
        var taken = new HashSet<(int, int)>();
        foreach (var panel in Json["panels"]!.AsArray())
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
        string[] shown = [.. Expressions().SelectMany(MetricNames).Where(name => name.StartsWith("trainer_", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal)];

        Assert.Equal(
            MetricCatalog.All.Where(metric => metric != MetricCatalog.Rank).Select(metric => metric.Name).Order(StringComparer.Ordinal),
            shown.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_runtimes_metrics_have_the_names_that_the_dashboard_uses()
    {
        await using var host = await MetricsHost.StartAsync("worker");

        var lines = await host.ScrapeAsync(all => all.Length > 10);

        Assert.All(
            Expressions().SelectMany(MetricNames).Where(name => name.StartsWith("dotnet_", StringComparison.Ordinal)),
            name => Assert.Contains(lines, line => line.StartsWith($"# TYPE {name} ", StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Expressions() => Dashboard.Rows.SelectMany(row => row.Panels).SelectMany(panel => panel.Queries).Select(query => query.Expression);

    /// <summary>Names of metrics; a histogram's parts count as the histogram.</summary>
    private static IEnumerable<string> MetricNames(string expression) => MetricName().Matches(expression).Select(match => match.Groups["name"].Value);

    [GeneratedRegex(@"\b(?<name>(trainer|dotnet)_[a-z_]+?)(_bucket|_sum|_count)?\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MetricName();
}
