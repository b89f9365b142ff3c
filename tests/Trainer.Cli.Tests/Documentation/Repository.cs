namespace Trainer.Cli.Tests.Documentation;

internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>README.md and the pages of docs/, by their paths from the root.</summary>
    public static IEnumerable<string> Pages => Directory.GetFiles(Path.Combine(Root, "docs"), "*.md")
        .Select(file => Path.GetRelativePath(Root, file))
        .Order(StringComparer.Ordinal)
        .Prepend("README.md");

    /// <summary>The fenced blocks of a page in one language.</summary>
    public static IEnumerable<(int Line, string Text)> Blocks(string page, string language)
    {
        var lines = File.ReadAllLines(Path.Combine(Root, page));
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i] == $"```{language}")
            {
                var block = lines.Skip(i + 1).TakeWhile(line => line != "```").ToList();
                yield return (i + 1, string.Join('\n', block));
            }
        }
    }

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Trainer.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the repository.");
        }

        return folder;
    }
}
