using Trainer.Cluster.Tests.Deploy;
using Trainer.Hosting.Metrics;
using YamlDotNet.RepresentationModel;

namespace Trainer.Hosting.Tests.Metrics;

/// <summary>deploy/prometheus/alerts.yaml, by Prometheus' own tool, by the metrics that there are, and by its runbooks.</summary>
public sealed class AlertTests
{
    private const string Recorded = "run_instance:";

    private static readonly string Rules = Path.Combine(Repository.Root, "deploy/prometheus/alerts.yaml");

    private static readonly string Cases = Path.Combine(Repository.Root, "tests/Trainer.Hosting.Tests/Metrics/Alerts");

    public static TheoryData<string> Names => [.. Read(Rules).Where(rule => rule.Children.ContainsKey("alert")).Select(rule => (string)rule["alert"]!)];

    [Fact]
    public Task Prometheus_takes_them() => Programs.RunAsync(Programs.Need("promtool"), "check", "rules", Rules);

    /// <summary>What they say when: a file for each in Metrics/Alerts.</summary>
    [Fact]
    public Task They_are_silent_pending_and_firing_when_they_should() => Programs.RunAsync(Programs.Need("promtool"), ["test", "rules", .. Directory.GetFiles(Cases)]);

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_is_tried_silent_pending_and_firing(string name)
    {
        var tried = File.ReadAllText(Path.Combine(Cases, $"{Path.GetFileNameWithoutExtension(Runbook(name))}.yaml"));

        Assert.Contains($"alertname: {name}\n        exp_alerts: []", tried, StringComparison.Ordinal);
        Assert.Contains($"ALERTS{{alertname=\"{name}\", alertstate=\"pending\"}}", tried, StringComparison.Ordinal);
        Assert.Contains($"alertname: {name}\n        exp_alerts:\n          - exp_labels", tried, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_says_what_there_is_and_waits_a_while(string name)
    {
        var rule = Find(name);

        Assert.StartsWith("Trainer", name, StringComparison.Ordinal);
        Assert.Matches("^[1-9][0-9]*m$", (string)rule["for"]!);
        Assert.Contains((string)rule["labels"]["severity"]!, new[] { "warning", "critical" });
        Assert.EndsWith(".", (string)rule["annotations"]["summary"]!, StringComparison.Ordinal);
        Assert.EndsWith(".", (string)rule["annotations"]["description"]!, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_has_a_runbook_that_names_it_and_says_what_to_do(string name)
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, Runbook(name)));

        Assert.StartsWith($"# {name}\n", page, StringComparison.Ordinal);
        Assert.All(["## What it means", "## What to look at", "## What to do", "## When it ends"], heading => Assert.Contains($"\n{heading}\n", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Each_runbook_and_each_file_of_cases_is_an_alerts()
    {
        var known = Names.Select(row => Path.GetFileNameWithoutExtension(Runbook(row.Data))).Order(StringComparer.Ordinal).ToList();

        Assert.Equal(known, Directory.GetFiles(Path.Combine(Repository.Root, "docs/runbooks")).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));
        Assert.Equal(known, Directory.GetFiles(Cases).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void They_name_metrics_that_there_are()
    {
        string[] known = [.. MetricCatalog.All.Select(metric => metric.Name)];
        string[] expressions = [.. Read(Rules).Select(rule => ((string)rule["expr"]!).Replace(Recorded, "", StringComparison.Ordinal))];
        string[] recorded = [.. Read(Rules).Where(rule => rule.Children.ContainsKey("record")).Select(rule => ((string)rule["record"]!).Replace(Recorded, "", StringComparison.Ordinal).Split(':')[0])];

        Assert.All(expressions.SelectMany(DashboardTests.MetricNames), name => Assert.Contains(name, known.Concat(recorded)));
    }

    private static string Runbook(string name) => (string)Find(name)["annotations"]["runbook_url"]!;

    private static YamlMappingNode Find(string name) => Read(Rules).Single(rule => rule.Children.TryGetValue("alert", out var alert) && (string?)alert == name);

    private static IEnumerable<YamlMappingNode> Read(string file)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(File.ReadAllText(file)));
        return ((YamlSequenceNode)yaml.Documents[0].RootNode["groups"][0]["rules"]).Cast<YamlMappingNode>();
    }
}
