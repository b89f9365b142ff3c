using System.Text;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests.Output;

public sealed class NewFileTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void It_is_there_whole_in_the_place_of_one_that_was()
    {
        File.WriteAllText(_home["file"], "before");
        NewFile.Write(_home["file"], stream => stream.Write(Encoding.UTF8.GetBytes("now")));
        Assert.Equal("now", File.ReadAllText(_home["file"]));
        Assert.Equal([_home["file"]], Directory.GetFiles(_home.Path));
    }

    [Fact]
    public void What_cannot_be_written_says_why_and_leaves_nothing_behind()
    {
        var missing = Assert.Throws<CliException>(() => NewFile.Write(_home["none/file"], _ => { }));
        Assert.Equal($"{_home["none/file"]} cannot be written: its folder is not there.", missing.Message);

        File.WriteAllText(_home["file"], "before");
        var broken = Assert.Throws<CliException>(() => NewFile.Write(_home["file"], _ => throw new IOException("the disk is full")));
        Assert.Equal($"{_home["file"]} cannot be written: the disk is full", broken.Message);
        Assert.Equal("before", File.ReadAllText(_home["file"]));
        Assert.Equal([_home["file"]], Directory.GetFiles(_home.Path));
    }
}
