using System.Text;

namespace Trainer.Cli.Output;

/// <summary>Columns set off by two spaces, as wide as their widest cell; never wrapped, so that they can be copied and cut.</summary>
internal sealed class TextTable(params string[] headers)
{
    private readonly List<string[]> _rows = [headers];

    public TextTable Row(params string[] cells)
    {
        if (cells.Length != headers.Length)
            throw new ArgumentException($"Got {cells.Length} cells, expected {headers.Length}.", nameof(cells));
        _rows.Add(cells);
        return this;
    }

    public override string ToString()
    {
        var widths = headers.Select((_, column) => _rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in _rows)
            text.AppendJoin("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd().AppendLine();
        return text.ToString().TrimEnd();
    }
}

file static class StringBuilderExtensions
{
    public static StringBuilder TrimEnd(this StringBuilder text)
    {
        while (text.Length > 0 && text[^1] == ' ')
            text.Length--;
        return text;
    }
}
