using Trainer.Hosting.Metrics;

namespace Trainer.Hosting.Tests.Contract;

/// <summary>Dashboards and alerts that were written for an earlier release (tests/contract) find their metrics.</summary>
public sealed class MetricsOfReleasesTests
{
    public static TheoryData<string> Releases => [.. Directory.GetFiles(Path.Combine(Repository.Root, "tests/contract"), "metrics.txt", SearchOption.AllDirectories)
        .Select(file => Path.GetFileName(Path.GetDirectoryName(file)!))];

    [Theory]
    [MemberData(nameof(Releases))]
    public void Metrics_keep_their_names(string release)
    {
        var then = File.ReadAllLines(Path.Combine(Path.Combine(Repository.Root, "tests/contract"), release, "metrics.txt"));

        Assert.NotEmpty(then);
        Assert.Empty(then.Except(MetricCatalog.All.Select(metric => metric.Name)));
    }
}
