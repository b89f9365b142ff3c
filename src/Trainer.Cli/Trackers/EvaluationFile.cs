using System.Globalization;
using System.Text;
using System.Text.Json;
using Trainer.Cli.Plots;
using Trainer.Hosting.Trackers;
using Trainer.Kernels.Data.Pictures;

namespace Trainer.Cli.Trackers;

/// <summary>What an evaluation found (evaluation.json), for TensorBoard: which class is taken for which, as a picture and as a table, and the worst mistakes by the names of their pictures.</summary>
internal sealed record EvaluationFile(
    ulong Step, double Loss, double Accuracy, IReadOnlyList<EvaluationFile.Class> Classes, IReadOnlyList<EvaluationFile.Pair> Confusions, IReadOnlyList<EvaluationFile.Mistake> Mistakes)
{
    private const int MostNamed = 40; // Classes, of a table that can be read.

    private static readonly JsonSerializerOptions Names = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals };

    internal sealed record Class(int Label, string? Name, long Images);

    internal sealed record Pair(int Label, int Predicted, long Images);

    internal sealed record Mistake(string Name, int Label, int Predicted, double Loss);

    /// <exception cref="JsonException">It is none.</exception>
    public static EvaluationFile Read(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize<EvaluationFile>(json, Names) ?? throw new JsonException("null is no evaluation");

    public void Write(EventFile file, string name, DateTime time)
    {
        var picture = Pixels.Of(Matrix.Draw($"taken for what, {name} epoch", [.. Classes.Select(one => (NameOf(one.Label), one.Images))], Confusions));
        using var png = new MemoryStream();
        PngFile.Write(png, picture);
        file.Image($"confusion/{name}", time, Step, picture.Height, picture.Width, png.ToArray());
        file.Text($"confusion/{name}", time, Step, Table());
        file.Text($"mistakes/{name}", time, Step, WorstMistakes());
    }

    private string NameOf(int label) => Classes.FirstOrDefault(one => one.Label == label)?.Name is { Length: > 0 } name ? name : label.ToString(CultureInfo.InvariantCulture);

    // Rows are classes, columns what they were taken for; of many classes the pairs that are confused most.
    private string Table()
    {
        var counts = Confusions.ToDictionary(pair => (pair.Label, pair.Predicted), pair => pair.Images);
        return Classes.Count <= MostNamed
            ? Markdown(["is, taken for", .. Classes.Select(one => NameOf(one.Label))], Classes.Select(row => (string[])[NameOf(row.Label), .. Classes.Select(column => $"{counts.GetValueOrDefault((row.Label, column.Label))}")]))
            : Markdown(["is", "taken for", "images"], Confusions.Where(pair => pair.Label != pair.Predicted).OrderByDescending(pair => pair.Images).Take(MostNamed).Select(pair => (string[])[NameOf(pair.Label), NameOf(pair.Predicted), $"{pair.Images}"]));
    }

    private string WorstMistakes() => Mistakes.Count == 0 ? "There are none." : Markdown(
        ["image", "is", "taken for", "loss"], Mistakes.Select(one => (string[])[one.Name, NameOf(one.Label), NameOf(one.Predicted), one.Loss.ToString("0.0000", CultureInfo.InvariantCulture)]));

    private static string Markdown(string[] head, IEnumerable<string[]> rows)
    {
        var text = new StringBuilder(Row(head)).Append('|').AppendJoin("", head.Select(_ => "---|")).Append('\n');
        foreach (var row in rows)
        {
            text.Append(Row(row));
        }

        return text.ToString();
    }

    private static string Row(string[] cells) => $"| {string.Join(" | ", cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |\n";
}
