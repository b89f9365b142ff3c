using Trainer.Hosting.Files;
using Trainer.Protos;

namespace Trainer.Hosting.Tests.Files;

public sealed class FileRootsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-roots-").FullName;

    public FileRootsTests()
    {
        foreach (var folder in new[] { "data/deep", "data-2", "private" })
        {
            Directory.CreateDirectory(In(folder));
        }

        File.WriteAllText(In("data/images"), "");
        File.WriteAllText(In("private/token"), "");
        File.CreateSymbolicLink(In("data/way-out"), In("private/token"));
        File.CreateSymbolicLink(In("data/folder-out"), "../private");
        File.CreateSymbolicLink(In("data/within"), "deep/../images");
        File.CreateSymbolicLink(In("way-in"), In("data"));
        File.CreateSymbolicLink(In("data/circle"), "circle");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("data/images", true)]
    [InlineData("data", true)]
    [InlineData("data/deep/not-there", true)]
    [InlineData("data/deep/../images", true)]
    [InlineData("data/within", true)]
    [InlineData("way-in/images", true)]
    [InlineData("data-2/x", false)]
    [InlineData("data/../private/token", false)]
    [InlineData("data/way-out", false)]
    [InlineData("data/folder-out/token", false)]
    [InlineData("data/folder-out/not-there", false)]
    [InlineData("data/circle", false)]
    [InlineData("private/token", false)]
    [InlineData("private/not-there", false)]
    public void Files_are_where_their_links_lead(string file, bool isAllowed) =>
        Assert.Equal(isAllowed, !FileRoots.Of([In("data")]).Refuse(Job(In(file))).Any());

    [Theory]
    [InlineData("private/token")]
    [InlineData("private/not-there")]
    public void Whether_a_file_outside_is_there_is_not_told(string file)
    {
        var violation = Assert.Single(FileRoots.Of([In("data"), In("way-in")]).Refuse(Job(In(file))));
        Assert.Equal("data.idx.test_labels", violation.Path);
        Assert.Equal(
            $"names '{In(file)}', which is not in a folder that jobs may read: {In("data")}, {In("data")}. Put it there, or ask the operator for another --data-root", violation.Problem);
    }

    [Fact]
    public void Without_folders_only_data_sets_by_name_are_left()
    {
        var job = Job(In("data/images"));
        job.Training.Init = new Init { Weights = "/proc/self/environ" };
        var violations = FileRoots.Of([]).Refuse(job).ToList();
        Assert.Equal(["data.idx.train_images", "data.idx.train_labels", "data.idx.test_images", "data.idx.test_labels", "training.init.weights"], violations.Select(violation => violation.Path));
        Assert.Equal("names '/proc/self/environ'; jobs may read no files here, only data sets by name. The operator allows folders with --data-root", violations[^1].Problem);
        Assert.Empty(FileRoots.Of([]).Refuse(new JobSpec { Data = new Data { Dataset = "fashion-mnist" } }));
        Assert.Empty(FileRoots.Everything.Refuse(job));
    }

    private string In(string path) => Path.Combine(_folder, path);

    private JobSpec Job(string testLabels) => new()
    {
        Data = new Data { Idx = new IdxFiles { TrainImages = In("data/images"), TrainLabels = In("data/images"), TestImages = In("data/images"), TestLabels = testLabels } },
        Training = new Protos.Training(),
    };
}
