using Trainer.Kernels.Formats;

namespace Trainer.Kernels.Tests.Formats;

public sealed class AtomicFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-atomic-").FullName;

    private string Target => Path.Combine(_folder, "result");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void It_is_there_whole_once_committed_and_not_before()
    {
        using (var file = new AtomicFile(Target))
        {
            file.Stream.Write([1, 2, 3]);
            Assert.False(File.Exists(Target));
            file.Commit();
        }

        Assert.Equal([1, 2, 3], File.ReadAllBytes(Target));
        Assert.Equal(["result"], Names());
    }

    [Fact]
    public void Without_a_commit_what_was_there_stays_and_nothing_is_left_behind()
    {
        File.WriteAllBytes(Target, [7]);
        using (var file = new AtomicFile(Target))
        {
            file.Stream.Write([1, 2, 3]);
        }

        Assert.Equal([7], File.ReadAllBytes(Target));
        Assert.Equal(["result"], Names());
    }

    [Fact]
    public void A_reader_of_the_old_file_is_not_disturbed()
    {
        File.WriteAllBytes(Target, [7]);
        using var reader = File.OpenRead(Target);
        using (var file = new AtomicFile(Target))
        {
            file.Stream.Write([1, 2, 3]);
            file.Commit();
        }

        Assert.Equal(7, reader.ReadByte());
        Assert.Equal(3, new FileInfo(Target).Length);
    }

    [Fact]
    public void Where_it_cannot_take_its_place_nothing_is_left_behind()
    {
        Directory.CreateDirectory(Target);
        using (var file = new AtomicFile(Target))
        {
            Assert.ThrowsAny<Exception>(file.Commit);
        }

        Assert.Equal(["result"], Names());
    }

    [Fact]
    public void A_folder_that_is_not_there_is_an_error() =>
        Assert.Throws<DirectoryNotFoundException>(() => new AtomicFile(Path.Combine(_folder, "none", "result")));

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Of_several_writers_one_wins_whole(int writers)
    {
        await Task.WhenAll(Enumerable.Range(1, writers).Select(writer => Task.Factory.StartNew(
            () =>
            {
                using var file = new AtomicFile(Target);
                for (var i = 0; i < 1009; i++)
                {
                    file.Stream.WriteByte((byte)writer);
                }

                file.Commit();
            },
            TaskCreationOptions.LongRunning)));

        var content = File.ReadAllBytes(Target);
        Assert.Equal(1009, content.Length);
        Assert.Single(content.Distinct());
        Assert.Equal(["result"], Names());
    }

    private IEnumerable<string?> Names() => Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName);
}
