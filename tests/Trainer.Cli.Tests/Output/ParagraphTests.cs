using Trainer.Cli.Output;

namespace Trainer.Cli.Tests.Output;

public sealed class ParagraphTests
{
    [Theory]
    [InlineData("the quick brown fox", 10, "the quick\n  brown\n  fox")]
    [InlineData("  the quick brown fox", 13, "  the quick\n    brown fox")]
    [InlineData("short", 10, "short")]
    [InlineData("one\ntwo three four", 9, "one\ntwo three\n  four")]
    [InlineData("", 10, "")]
    public void Lines_are_broken_at_blanks_and_go_on_indented(string text, int width, string lines) =>
        Assert.Equal(lines, Paragraph.Wrap(text, width).ReplaceLineEndings("\n"));

    [Theory]
    [InlineData("written to /a/very/long/path/that/has/no/blanks/model.safetensors at last", "/a/very/long/path/that/has/no/blanks/model.safetensors")]
    [InlineData("See: trainer submit --help", "trainer submit --help")]
    [InlineData("Get it with: ./trainer data fetch fashion-mnist", "./trainer data fetch fashion-mnist")]
    [InlineData("the job's list comes from 'trainer devices' and the job's file", "'trainer devices'")]
    [InlineData("sum d3ac118c68b6d1c296fd76c97de51c9a4df147b0ce063f693b5c6e71b9f6dd7b.", "d3ac118c68b6d1c296fd76c97de51c9a4df147b0ce063f693b5c6e71b9f6dd7b.")]
    public void What_people_copy_is_on_one_line_at_any_width(string text, string whole) =>
        Assert.All(Enumerable.Range(1, 80), width => Assert.Contains(Paragraph.Wrap(text, width).Split('\n'), line => line.Contains(whole, StringComparison.Ordinal)));

    [Fact]
    public void Nothing_is_lost_and_no_line_is_too_long_that_could_be_broken()
    {
        const string Text = "Batch norm normalises over groups of shards of at least 32 samples, which stay on one worker: a job of batch size 32 has one worker.";
        foreach (var width in Enumerable.Range(12, 120))
        {
            var lines = Paragraph.Wrap(Text, width).Split('\n');

            Assert.Equal(Text.Split(' '), lines.SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
            Assert.All(lines, line => Assert.InRange(line.Length, 1, width));
        }
    }
}
