using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Tests.Run;

namespace Trainer.Hosting.Tests.Artifacts;

public sealed class FolderStoreTests : ArtifactStoreSuite, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    protected override IArtifactStore Store => new FolderStore(_folder["jobs/j-1"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Keys_are_paths_as_release_02_had_them()
    {
        Directory.CreateDirectory(_folder["jobs/j-1/checkpoints/step-7-1-2-0"]);
        File.WriteAllText(_folder["jobs/j-1/checkpoints/step-7-1-2-0/manifest.json"], "{}");
        Assert.Equal("checkpoints/step-7-1-2-0/manifest.json", Assert.Single(Store.List("")).Key);
        Assert.Equal(_folder["jobs/j-1/checkpoints/step-7-1-2-0/manifest.json"], Store.LocationOf("checkpoints/step-7-1-2-0/manifest.json"));
    }

    [Theory]
    [InlineData("/data/jobs/", "/data/jobs")]
    [InlineData("/data//jobs/./a", "/data/jobs/a")]
    [InlineData("s3://training", "s3://training")]
    [InlineData("s3://training/jobs/", "s3://training/jobs")]
    [InlineData("s3://", null)]
    [InlineData("s3:///jobs", null)]
    [InlineData("gs://training", null)]
    [InlineData("", null)]
    public void Locations_are_folders_and_buckets(string text, string? expected)
    {
        Assert.Equal(expected is not null, ArtifactLocation.TryParse(text, out var location));
        Assert.Equal(expected, location);
    }
}
