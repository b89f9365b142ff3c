using System.Diagnostics;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>The chart, rendered by helm as it is on PATH.</summary>
internal static class Helm
{
    public static readonly string Chart = Path.Combine(Repository.Root, "deploy/chart");

    /// <summary>The values files beside the chart, by name.</summary>
    public static IReadOnlyList<string> ValuesFiles { get; } = [.. Directory.GetFiles(Path.Combine(Chart, "values"), "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    /// <param name="set">PATH=VALUE, each; or FILE.yaml, a values file by its name.</param>
    public static async Task<Manifests> RenderAsync(params IEnumerable<string> set) => Manifests.Parse(await TextAsync(set));

    public static Task<string> TextAsync(params IEnumerable<string> set) => Programs.RunAsync(Programs.Need("helm"), Arguments(set));

    /// <returns>What helm says of values that it refuses.</returns>
    public static async Task<string> RefusalAsync(params string[] set)
    {
        using var helm = Process.Start(new ProcessStartInfo(Programs.Need("helm"), Arguments(set)) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (helm.StandardOutput.ReadToEndAsync(), helm.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await helm.WaitForExitAsync(patience.Token);
        Assert.True(helm.ExitCode != 0, $"helm takes {string.Join(' ', set)}");
        Assert.Empty(await output);
        return await error;
    }

    private static string[] Arguments(IEnumerable<string> set) =>
    [
        "template", "trainer", Chart, "--namespace", "trainer",
        .. set.SelectMany(one => one.EndsWith(".yaml", StringComparison.Ordinal) ? new[] { "--values", Path.Combine(Chart, "values", one) } : ["--set", one]),
    ];
}
