using Trainer.Cli.Local;

namespace Trainer.Cli.Tests.Local;

public class LocalClusterOptionsTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 3, 1)]
    [InlineData(2, 2, 1)]
    [InlineData(7, 2, 3)]
    [InlineData(64, 5, 12)]
    public void Workers_share_the_processors(int processors, int workers, int threads)
    {
        Assert.Equal(threads, LocalClusterOptions.ThreadsOf(processors, workers));
    }
}
