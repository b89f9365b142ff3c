namespace Trainer.Cli.Output;

/// <summary>A column of a table.</summary>
/// <param name="Rank">Where the table is too wide, columns of the highest rank are left out first; those of rank 0 always stay.</param>
/// <param name="Wraps">Whether its cells are text that may be broken at blanks.</param>
internal sealed record Column(string Header, int Rank = 0, bool Wraps = false)
{
    public static implicit operator Column(string header) => new(header);
}

/// <summary>
/// Columns set off by two blanks, as wide as their widest cell. Where the terminal is narrower, text is broken at blanks, then columns are left
/// out, which the last line says. A cell that people copy is never broken.
/// </summary>
internal sealed class TextTable(params Column[] columns)
{
    private const int Gap = 2;
    private const int NarrowestText = 20;

    private readonly List<string[]> _rows = [];

    public TextTable Row(params string[] cells)
    {
        if (cells.Length != columns.Length)
        {
            throw new ArgumentException($"Got {cells.Length} cells, expected {columns.Length}.", nameof(cells));
        }

        _rows.Add(cells);
        return this;
    }

    /// <param name="width">In columns of the terminal; null: no limit.</param>
    public string Render(int? width)
    {
        var shown = Enumerable.Range(0, columns.Length).ToList();
        var leftOut = new List<string>();
        while (shown.Sum(Least) + (Gap * (shown.Count - 1)) > width && shown.Max(column => columns[column].Rank) is > 0 and var rank)
        {
            leftOut.AddRange(shown.Where(column => columns[column].Rank == rank).Select(column => columns[column].Header));
            shown.RemoveAll(column => columns[column].Rank == rank);
        }
        var widths = shown.ToDictionary(column => column, Natural);
        Shrink(widths, width);
        string[][] rows = [[.. columns.Select(column => column.Header)], .. _rows];
        foreach (var column in shown)
        {
            widths[column] = rows.SelectMany(row => Paragraph.Fill(row[column], widths[column])).Max(line => line.Length);
        }

        var lines = rows.SelectMany(row => Lines(row, shown, widths));
        if (leftOut.Count > 0)
        {
            lines = lines.Concat(Paragraph.Fill($"Left out for want of width: {string.Join(", ", leftOut)}.", width!.Value).Prepend(""));
        }

        return string.Join(Environment.NewLine, lines);
    }

    /// <summary>Takes from the widest column of text, one by one, until all fit.</summary>
    private void Shrink(Dictionary<int, int> widths, int? width)
    {
        while (widths.Values.Sum() + (Gap * (widths.Count - 1)) > width)
        {
            var widest = widths.Keys.Where(column => widths[column] > Least(column)).OrderByDescending(column => widths[column]).Cast<int?>().FirstOrDefault();
            if (widest is null)
            {
                return;
            }

            widths[widest.Value]--;
        }
    }

    private static IEnumerable<string> Lines(string[] row, List<int> shown, Dictionary<int, int> widths)
    {
        var cells = shown.Select(column => Paragraph.Fill(row[column], widths[column])).ToList();
        for (var line = 0; line < cells.Max(cell => cell.Count); line++)
        {
            yield return string.Join("  ", cells.Select((cell, i) => (line < cell.Count ? cell[line] : "").PadRight(widths[shown[i]]))).TrimEnd();
        }
    }

    private int Natural(int column) => _rows.Select(row => row[column].Length).Append(columns[column].Header.Length).Max();

    private int Least(int column) => columns[column].Wraps
        ? Math.Min(Natural(column), _rows.Select(row => Paragraph.LongestPiece(row[column])).Append(columns[column].Header.Length).Append(NarrowestText).Max())
        : Natural(column);
}
