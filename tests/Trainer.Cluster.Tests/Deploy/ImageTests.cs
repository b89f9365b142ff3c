using System.Text.Json.Nodes;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>What the project says of the container image, which <see cref="BuiltImageTests"/> build.</summary>
public sealed class ImageTests
{
    private static readonly string Project = Path.Combine(Repository.Root, "src/Trainer.Cli/Trainer.Cli.csproj");

    private static readonly string Configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/')))!;

    [Fact]
    [Trait("Category", "Long")]
    public async Task What_is_published_runs()
    {
        var folder = Directory.CreateTempSubdirectory("trainer-publish").FullName;
        try
        {
            await Programs.RunAsync(Programs.Need("dotnet"), "publish", Project, "-c", Configuration, "--no-build", "-o", folder, "-nodeReuse:false");

            var help = await Programs.RunAsync(Path.Combine(folder, "trainer"), "--help");

            Assert.Contains("coordinator", help, StringComparison.Ordinal);
            Assert.Contains("node", help, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_image_is_the_one_that_the_manifests_run()
    {
        var text = await Programs.RunAsync(
            Programs.Need("dotnet"), "msbuild", Project, "-t:ComputeContainerBaseImage", "-p:Configuration=Release;SelfContained=true;RuntimeIdentifier=linux-x64",
            "-getProperty:ContainerRepository,ContainerImageTags,ContainerBaseImage,ContainerUser", "-getItem:ContainerEnvironmentVariable,ContainerPort", "-nodeReuse:false");
        var (image, items) = (JsonNode.Parse(text)!["Properties"]!, JsonNode.Parse(text)!["Items"]!);
        string[] built = [.. ((string)image["ContainerImageTags"]!).Split(';').Select(tag => $"{image["ContainerRepository"]}:{tag}")];
        var ports = items["ContainerPort"]!.AsArray().Select(port => (string)port!["Identity"]!).ToHashSet(StringComparer.Ordinal);
        var variables = items["ContainerEnvironmentVariable"]!.AsArray().ToDictionary(variable => (string)variable!["Identity"]!, variable => (string)variable!["Value"]!, StringComparer.Ordinal);

        var workloads = Helm.ValuesFiles.SelectMany(name => Manifests.OfRendering(name).Workloads).ToList();
        Assert.All(workloads.SelectMany(workload => workload.Containers), container => Assert.Contains(container.Image, built));
        Assert.All(workloads, workload => Assert.Equal((string)image["ContainerUser"]!, $"{workload.Pod.SecurityContext.RunAsUser}:{workload.Pod.SecurityContext.RunAsGroup}"));
        Assert.Subset(ports, workloads.SelectMany(workload => workload.Ports).Select(port => $"{port.ContainerPort}").ToHashSet(StringComparer.Ordinal));
        Assert.EndsWith("/dotnet/runtime-deps:10.0-noble-chiseled", (string)image["ContainerBaseImage"]!, StringComparison.Ordinal);
        Assert.Equal(("compute,utility", "void"), (variables["NVIDIA_DRIVER_CAPABILITIES"], variables["NVIDIA_VISIBLE_DEVICES"]));
    }
}
