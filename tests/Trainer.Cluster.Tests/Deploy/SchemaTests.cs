namespace Trainer.Cluster.Tests.Deploy;

/// <summary>The chart's objects by the schemas of the API server and of the operators that bring their kinds, which others keep: npm's kubernetes-models.</summary>
[Trait("Category", "Long")]
public sealed class SchemaTests
{
    /// <summary>Of which each has some objects that the others have not.</summary>
    public static TheoryData<string> Values =>
    [
        .. Helm.ValuesFiles.Select(name => $"{name}.yaml"),
        "workers.worker.autoscaling.kind=keda workers.other.autoscaling.kind=hpa workers.other.autoscaling.min=1 workers.gpu.device=cuda workers.gpu.gpus=2 workers.gpu.maxSurge=25%",
        "ha.yaml openshift=true metrics.access=token metrics.dashboards.enabled=true data.volume.enabled=true data.fetch={fashion-mnist} networkPolicy.dns.blocks={169.254.20.10/32,fd00::a/128}",
    ];

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Every_object_is_valid(string values)
    {
        var text = await Helm.TextAsync(values.Split(' '));

        Assert.Equal($"{Manifests.Parse(text).All.Count} objects", (await ValidateAsync(text)).TrimEnd());
    }

    [Fact]
    public async Task What_is_wrong_would_be_found()
    {
        var text = await Helm.TextAsync("ha.yaml");

        foreach (var (right, wrong) in new[] { ("isCA: true", "isCA: 7"), ("replicas: 3", "replicas: three"), ("interval: 15s", "interval: soon") })
        {
            Assert.Contains(right, text, StringComparison.Ordinal);
            await Assert.ThrowsAnyAsync<Exception>(() => ValidateAsync(text.Replace(right, wrong, StringComparison.Ordinal)));
        }
    }

    private static async Task<string> ValidateAsync(string text)
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var modules = Path.Combine(cache, "trainer/kubernetes-models/node_modules");
        Assert.SkipUnless(Directory.Exists(modules), "kubernetes-models is not in the cache: ./test --all gets it.");
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, text, CancellationToken.None);
            return await Programs.RunAsync(Programs.Need("node"), Path.Combine(Repository.Root, "tests/kubernetes/validate.mjs"), modules, file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
