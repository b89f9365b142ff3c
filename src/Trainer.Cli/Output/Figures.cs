namespace Trainer.Cli.Output;

/// <summary>Figures on one line, set off by two blanks. Where they are too many for its width, the least important are left out.</summary>
internal static class Figures
{
    private const string Gap = "  ";

    /// <param name="width">In columns; null: no limit.</param>
    /// <param name="figures">In their order on the line. The higher its rank, the sooner a figure is left out; rank 0 always stays.</param>
    public static string Fit(int? width, params IEnumerable<(int Rank, string Text)> figures)
    {
        var shown = figures.Where(figure => figure.Text.Length > 0).ToList();
        while (shown.Sum(figure => figure.Text.Length) + (Gap.Length * (shown.Count - 1)) > width && shown.Max(figure => figure.Rank) is > 0 and var least)
        {
            shown.RemoveAll(figure => figure.Rank == least);
        }

        return string.Join(Gap, shown.Select(figure => figure.Text));
    }
}
