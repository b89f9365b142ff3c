using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests.Documentation;

/// <summary>
/// What a page shows in a ```console block is what the program prints: the line after "$ " is the command, a line of three dots stands for any lines.
/// </summary>
public sealed class ConsoleBlockTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public static TheoryData<string, int> Blocks
    {
        get
        {
            var blocks = new TheoryData<string, int>();
            foreach (var page in Repository.Pages)
            {
                foreach (var (line, _) in Repository.Blocks(page, "console"))
                {
                    blocks.Add(page, line);
                }
            }
            return blocks;
        }
    }

    public void Dispose() => _home.Dispose();

    [Theory]
    [MemberData(nameof(Blocks))]
    public async Task The_program_prints_what_the_page_shows(string page, int line)
    {
        var shown = Repository.Blocks(page, "console").Single(block => block.Line == line).Text.Split('\n');
        Assert.StartsWith("$ trainer ", shown[0]);

        var run = await CommandRun.InAsync(_home.Path, shown[0]["$ trainer ".Length..].Split(' '));

        var printed = (run.Output + run.Errors).Replace(_home.Path, "$TRAINER_HOME", StringComparison.Ordinal).TrimEnd('\n').Split('\n');
        AssertMatches(shown[1..], printed);
    }

    private static void AssertMatches(string[] shown, string[] printed)
    {
        var at = 0;
        for (var i = 0; i < shown.Length; i++)
        {
            if (shown[i] == "...")
            {
                if (i + 1 == shown.Length)
                {
                    return;
                }

                var next = Array.IndexOf(printed, shown[i + 1], at);
                Assert.True(next >= 0, $"the program does not print: {shown[i + 1]}");
                at = next;
                continue;
            }
            Assert.Equal(shown[i], at < printed.Length ? printed[at] : "(nothing)");
            at++;
        }
        Assert.Equal(printed.Length, at);
    }
}
