using System.Globalization;
using Trainer.Kernels.Training;

namespace Trainer.Cli.Output;

/// <summary>How what an evaluation found is written for people and for spreadsheets.</summary>
internal static class ReportText
{
    private const int MostClasses = 30;
    private const int MostMistakes = 5;

    /// <summary>Class by class; of many the worst.</summary>
    public static string Classes(ClassificationReport report, int? width)
    {
        var shown = report.Classes.Count <= MostClasses ? report.Classes : [.. report.Classes.Where(each => each.Samples > 0).OrderBy(each => each.F1).Take(MostClasses)];
        var table = new TextTable("CLASS", "IMAGES", "PRECISION", "RECALL", "F1", new Column("TAKEN FOR", Rank: 1));
        foreach (var each in shown)
        {
            table.Row(
                each.Name, each.Samples.ToString("#,0"), Words.Percent(each.Precision), Words.Percent(each.Recall), Words.Percent(each.F1), WorstOf(report, each.Label));
        }

        var rest = shown.Count < report.Classes.Count ? $"{Environment.NewLine}{Environment.NewLine}The {shown.Count} worst of {report.Classes.Count} classes. All of them: --csv" : "";
        return table.Render(width) + rest;
    }

    /// <summary>The worst mistakes, by loss.</summary>
    public static string Mistakes(ClassificationReport report, int? width)
    {
        var table = new TextTable("WORST MISTAKES", "IS", "TAKEN FOR", new Column("LOSS", Rank: 1));
        foreach (var mistake in report.Mistakes.Take(MostMistakes))
        {
            table.Row(mistake.Name, report.Classes[mistake.Label].Name, report.Classes[mistake.Predicted].Name, Words.Loss(mistake.Loss));
        }

        return table.Render(width);
    }

    /// <summary>A line for each class, with what its images were taken for.</summary>
    public static string Csv(ClassificationReport report)
    {
        var pairs = report.Confusions.ToDictionary(pair => (pair.Label, pair.Predicted), pair => pair.Samples);
        var lines = report.Classes.Select(each => string.Join(',', [
            Field(each.Name),
            each.Samples.ToString(CultureInfo.InvariantCulture),
            Number(each.Precision),
            Number(each.Recall),
            Number(each.F1),
            .. report.Classes.Select(other => pairs.GetValueOrDefault((each.Label, other.Label)).ToString(CultureInfo.InvariantCulture))]));
        return string.Join('\n', lines.Prepend(string.Join(',', ["class", "images", "precision", "recall", "f1", .. report.Classes.Select(each => Field(each.Name))])));
    }

    /// <summary>What a class is taken for most often: cat (12); -: for nothing else.</summary>
    private static string WorstOf(ClassificationReport report, int label)
    {
        var wrong = report.Confusions.Where(pair => pair.Label == label && pair.Predicted != label).OrderByDescending(pair => pair.Samples).ToList();
        return wrong.Count == 0 ? "-" : $"{report.Classes[wrong[0].Predicted].Name} ({wrong[0].Samples})";
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public static string Field(string text) => text.AsSpan().IndexOfAny(",\"\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
