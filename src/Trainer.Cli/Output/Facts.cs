namespace Trainer.Cli.Output;

/// <summary>A two-column table of named facts.</summary>
internal static class Facts
{
    private const string Indent = "  ";

    /// <summary>A value that is too long beside its name is broken at blanks; one that has none has a line of its own, whole.</summary>
    /// <param name="width">In columns; null: no limit.</param>
    public static string Render(IEnumerable<(string Name, string Value)> facts, int? width)
    {
        var rows = facts.ToList();
        var column = Indent.Length + rows.Max(row => row.Name.Length) + 2;
        return string.Join(Environment.NewLine, rows.SelectMany(row => Lines(row.Name, row.Value, column, width ?? int.MaxValue)));
    }

    private static IEnumerable<string> Lines(string name, string value, int column, int width)
    {
        if (column + Paragraph.LongestPiece(value) > width)
        {
            return Paragraph.Fill(value, width - (2 * Indent.Length)).Select(line => $"{Indent}{Indent}{line}").Prepend($"{Indent}{name}");
        }

        var blanks = new string(' ', column);
        return Paragraph.Fill(value, width - column).Select((line, number) => (number == 0 ? $"{Indent}{name}".PadRight(column) : blanks) + line);
    }
}
