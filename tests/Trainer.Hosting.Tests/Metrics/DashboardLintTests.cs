using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Trainer.Cluster.Tests.Deploy;

namespace Trainer.Hosting.Tests.Metrics;

/// <summary>The rules of Grafana's dashboard-linter (github.com/grafana/dashboard-linter, lint/rules.go of 2026-06), by their names there, over the files that Grafana gets.</summary>
/// <remarks>
/// Left out, as deploy/grafana/.lint tells the linter itself: template-instance-rule and target-instance-rule, since a chosen instance would empty the panels that coordinators and workers
/// fill together, and totals are of all processes. target-logql-rule and target-logql-auto-rule are for logs, which are not in these dashboards.
/// </remarks>
public sealed partial class DashboardLintTests
{
    /// <summary>Of the linter's list, those that are used.</summary>
    private static readonly string[] Units = ["none", "short", "percentunit", "s", "bytes", "Bps", "ops", "reqps"];

    public static TheoryData<string> Files => DashboardTests.Files;

    [Theory]
    [MemberData(nameof(Files))]
    public void Template_datasource_rule(string file)
    {
        var source = Assert.Single(Variables(file), variable => (string?)variable["type"] == "datasource");

        Assert.Equal(("datasource", "Data source", "prometheus"), ((string?)source["name"], (string?)source["label"], (string?)source["query"]));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Template_job_rule(string file)
    {
        var job = Assert.Single(Variables(file), variable => (string?)variable["name"] == "job");

        Assert.Equal(("query", "Job", ".+", "${datasource}"), ((string?)job["type"], (string?)job["label"], (string?)job["allValue"], (string?)job["datasource"]!["uid"]));
        Assert.True((bool)job["multi"]!);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Template_label_promql_rule(string file)
    {
        string[] functions = ["label_names", "label_values", "metrics", "query_result"];
        var queries = Variables(file).Where(variable => (string?)variable["type"] == "query").Select(variable => TemplateQuery().Match((string)variable["query"]!)).ToList();

        Assert.All(queries, query => Assert.Contains(query.Groups["function"].Value, functions));
        await AssertParseAsync(queries.Select(query => query.Groups["function"].Value == "query_result" ? query.Groups["argument"].Value : query.Groups["argument"].Value.Split(',')[0]));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Template_on_time_change_reload_rule(string file) =>
        Assert.All(Variables(file).Where(variable => (string?)variable["type"] == "query"), variable => Assert.Equal(2, (int?)variable["refresh"]));

    [Theory]
    [MemberData(nameof(Files))]
    public void Panel_datasource_rule(string file) => Assert.All(Panels(file), panel => Assert.Equal("${datasource}", (string?)panel["datasource"]!["uid"]));

    [Theory]
    [MemberData(nameof(Files))]
    public void Panel_title_description_rule(string file) => Assert.All(Panels(file), panel =>
    {
        Assert.NotEmpty((string)panel["title"]!);
        Assert.NotEmpty((string)panel["description"]!);
    });

    [Theory]
    [MemberData(nameof(Files))]
    public void Panel_units_rule(string file) => Assert.All(Panels(file), panel => Assert.Contains((string)panel["fieldConfig"]!["defaults"]!["unit"]!, Units));

    [Theory]
    [MemberData(nameof(Files))]
    public void Panel_no_targets_rule(string file) => Assert.All(Panels(file), panel => Assert.NotEmpty(panel["targets"]!.AsArray()));

    /// <summary>By Prometheus' own parser.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public Task Target_promql_rule(string file) => AssertParseAsync(Expressions(file));

    [Theory]
    [MemberData(nameof(Files))]
    public void Target_rate_interval_rule(string file) => Assert.All(
        Expressions(file).SelectMany(expression => Ranged().Matches(expression)).Where(match => match.Groups["function"].Value is "rate" or "irate"),
        match => Assert.Equal("$__rate_interval", match.Groups["range"].Value));

    [Theory]
    [MemberData(nameof(Files))]
    public void Target_job_rule(string file) => Assert.All(
        Expressions(file).SelectMany(expression => Selector().Matches(expression)),
        match => Assert.Contains("job=~\"$job\"", match.Groups["matchers"].Value, StringComparison.Ordinal));

    /// <summary>Stricter than the linter, which does not see a counter that has matchers.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Target_counter_agg_rule(string file) => Assert.All(Expressions(file), expression => Assert.Equal(
        Counter().Count(expression),
        Ranged().Matches(expression).Count(match => match.Groups["name"].Value.EndsWith("_total", StringComparison.Ordinal) && match.Groups["function"].Value is "rate" or "irate" or "increase")));

    [Theory]
    [MemberData(nameof(Files))]
    public void Uneditable_dashboard(string file) => Assert.False((bool)Json(file)["editable"]!);

    [Fact]
    public async Task What_is_no_promql_is_found() => await Assert.ThrowsAnyAsync<Exception>(() => AssertParseAsync(["sum(rate(trainer_steps_total[$__rate_interval])"]));

    private static async Task AssertParseAsync(IEnumerable<string> expressions)
    {
        var promtool = Programs.Need("promtool");
        var file = Path.GetTempFileName();
        try
        {
            var rules = expressions.Select((expression, i) => $"  - {{record: 'query:{i}', expr: '{Filled(expression).Replace("'", "''", StringComparison.Ordinal)}'}}");
            await File.WriteAllTextAsync(file, $"groups:\n- name: dashboard\n  rules:\n{string.Join('\n', rules)}\n");
            await Programs.RunAsync(promtool, "check", "rules", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>With Grafana's variables as Grafana might fill them in.</summary>
    private static string Filled(string expression) => IntervalVariable().Replace(expression, "1m").Replace("$job", "trainer", StringComparison.Ordinal).Replace("$run", "r-1", StringComparison.Ordinal);

    private static JsonNode Json(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "deploy/grafana", file)))!;

    private static IEnumerable<JsonNode> Variables(string file) => Json(file)["templating"]!["list"]!.AsArray()!;

    private static IEnumerable<JsonNode> Panels(string file) => Json(file)["panels"]!.AsArray().Where(panel => (string?)panel!["type"] != "row")!;

    private static IEnumerable<string> Expressions(string file) => Panels(file).SelectMany(panel => panel["targets"]!.AsArray()).Select(target => (string)target!["expr"]!);

    [GeneratedRegex(@"^(?<function>[a-z_]+)\((?<argument>.+)\)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TemplateQuery();

    [GeneratedRegex(@"\$__(rate_interval|interval|range)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex IntervalVariable();

    /// <summary>function(name{matchers}[range])</summary>
    [GeneratedRegex(@"(?<function>[a-z_]+)\((?<name>[a-z_]+)\{[^}]*\}\[(?<range>[^\]]+)\]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Ranged();

    /// <summary>Of metrics; alerts of which one says that nothing answers have no job.</summary>
    [GeneratedRegex(@"\b(trainer|dotnet)_[a-z_]+(?<matchers>\{[^}]*\})?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Selector();

    [GeneratedRegex(@"\b[a-z_]+_total\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Counter();
}
