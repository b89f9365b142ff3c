using System.Text.Json.Nodes;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>The container image, as far as it can be tested without a container engine and a base image: what goes into it, and what it is called.</summary>
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
    public async Task The_image_is_the_one_that_the_manifests_name()
    {
        var text = await Programs.RunAsync(Programs.Need("dotnet"), "msbuild", Project, "-getProperty:ContainerRepository,ContainerImageTags", "-nodeReuse:false");
        var image = JsonNode.Parse(text)!["Properties"]!;
        string[] built = [.. ((string)image["ContainerImageTags"]!).Split(';').Select(tag => $"{image["ContainerRepository"]}:{tag}")];

        Assert.All(Helm.ValuesFiles, name => Assert.All(Manifests.OfRendering(name).Workloads.SelectMany(workload => workload.Containers), container => Assert.Contains(container.Image, built)));
    }
}
