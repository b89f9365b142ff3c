using Trainer.Hosting.Metrics;

namespace Trainer.Hosting.Tests.Metrics;

/// <summary>docs/metrics.md lists what <see cref="MetricCatalog"/> defines, and nothing else.</summary>
public sealed class DocumentationTests
{
    [Fact]
    public void Every_metric_is_documented()
    {
        var rows = File.ReadLines(Path.Combine(Repository.Root, "docs/metrics.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal));

        Assert.Equal(Source(MetricSource.Every).Concat(Source(MetricSource.Worker)).Concat(Source(MetricSource.Coordinator)), rows);
    }

    private static IEnumerable<string> Source(MetricSource source) => MetricCatalog.All
        .Where(metric => metric.Source == source)
        .Select(metric =>
            $"| `{metric.Name}` | {metric.Kind.ToString().ToLowerInvariant()} | {string.Join(", ", metric.Labels.Select(label => $"`{label}`"))} | {metric.Help} |");
}
