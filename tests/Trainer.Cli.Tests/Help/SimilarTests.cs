using Trainer.Cli.Help;

namespace Trainer.Cli.Tests.Help;

public sealed class SimilarTests
{
    private static readonly string[] Known = ["submit", "jobs", "get", "logs", "up"];

    [Theory]
    [InlineData("sumbit", "submit")] // neighbours swapped: one edit
    [InlineData("job", "jobs")]
    [InlineData("lgos", "logs")]
    [InlineData("submitt", "submit")]
    [InlineData("train", null)]
    [InlineData("x", null)]
    public void The_nearest_word_is_found_if_it_is_near(string word, string? meant) => Assert.Equal(meant, Similar.To(word, Known));

    [Theory]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("ab", "ba", 1)]
    [InlineData("ca", "abc", 3)] // each place is edited once
    public void Edits_are_counted(string a, string b, int edits) => Assert.Equal((edits, edits), (Similar.Edits(a, b), Similar.Edits(b, a)));
}
