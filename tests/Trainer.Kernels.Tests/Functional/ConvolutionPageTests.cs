using System.Diagnostics;

namespace Trainer.Kernels.Tests.Functional;

/// <summary>docs/convolution.md shows lines of the sample (```cs) and what it prints (```text): both in the order in which they stand there.</summary>
public sealed class ConvolutionPageTests
{
    private const string Sample = "Trainer.Samples.Convolution";

    private static string Page => File.ReadAllText(Path.Combine(Repository.Root, "docs/convolution.md"));

    [Fact]
    public async Task The_page_shows_what_the_sample_prints()
    {
        var (printed, at) = (await RunAsync(), 0);
        var blocks = Blocks("text");

        Assert.NotEmpty(blocks);
        Assert.All(blocks, block =>
        {
            var found = printed.IndexOf(block, at, StringComparison.Ordinal);
            Assert.True(found >= 0, $"The sample does not print, behind what stands before:\n{block}");
            at = found + block.Length;
        });
    }

    [Fact]
    public void The_page_shows_lines_of_the_sample()
    {
        var source = string.Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "samples", Sample), "*.cs").SelectMany(File.ReadLines).Select(line => line.Trim() + "\n"));

        Assert.All(Blocks("cs"), block => Assert.Contains(string.Concat(block.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim() + "\n")), source, StringComparison.Ordinal));
    }

    private static List<string> Blocks(string language) => [.. Page.Split($"```{language}\n").Skip(1).Select(part => part.Split("```")[0])];

    private static async Task<string> RunAsync()
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, $"{Sample}.dll")]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var printed = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return printed;
    }
}
