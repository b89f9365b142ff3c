using System.Text.RegularExpressions;

namespace Trainer.Cli.Output;

/// <summary>
/// Text in lines of a width, broken at blanks only. What people copy stays in one piece, and runs on to the terminal's next line where it is
/// longer than one: paths, ids and hashes have no blanks; a command follows a colon and goes to the end of its line, or is in single quotes.
/// </summary>
internal static partial class Paragraph
{
    private const string HangingIndent = "  ";

    /// <param name="width">In columns; null: lines stay as they are.</param>
    public static string Wrap(string text, int? width) =>
        width is null ? text : string.Join(Environment.NewLine, text.ReplaceLineEndings("\n").Split('\n').SelectMany(line => Lines(line, width.Value)));

    /// <summary>One line of text as lines of at most <paramref name="width"/> columns; those that follow are indented a little more than the first.</summary>
    public static IEnumerable<string> Lines(string line, int width)
    {
        if (line.Length <= width)
        {
            return [line];
        }

        var indent = line[..^line.TrimStart().Length];
        return Fill(line, width - indent.Length, HangingIndent).Select(part => indent + part);
    }

    /// <summary>One line of text as lines of at most <paramref name="width"/> columns, all but the first of which start with <paramref name="hanging"/>.</summary>
    public static IReadOnlyList<string> Fill(string text, int width, string hanging = "")
    {
        if (text.Length <= width)
        {
            return [text];
        }

        var lines = new List<string>();
        var line = "";
        foreach (var piece in Pieces(text))
        {
            if (line.Trim().Length > 0 && line.Length + 1 + piece.Length > width)
            {
                lines.Add(line);
                line = hanging;
            }
            line = line.Trim().Length > 0 ? $"{line} {piece}" : line + piece;
        }
        lines.Add(line);
        return lines;
    }

    /// <summary>The widest of the pieces that are never broken.</summary>
    public static int LongestPiece(string text) => Pieces(text).Select(piece => piece.Length).DefaultIfEmpty().Max();

    private static IEnumerable<string> Pieces(string text) => Piece().Matches(text).Select(match => match.Value);

    [GeneratedRegex(@"(?<=: )(?:\./)?trainer .*$|(?:(?<!\w)'[^']*'(?!\w)|\S)+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Piece();
}
