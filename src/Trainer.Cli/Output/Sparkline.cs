namespace Trainer.Cli.Output;

/// <summary>A curve in one line of text: a bar of eight heights for each stretch of it.</summary>
internal static class Sparkline
{
    private const string Bars = "▁▂▃▄▅▆▇█";

    /// <param name="values">Where something is no number the bar is left out.</param>
    /// <param name="width">Characters at most; each is the mean of its stretch.</param>
    public static string Of(IReadOnlyList<double> values, int width)
    {
        var count = Math.Min(width, values.Count);
        var means = Enumerable.Range(0, count)
            .Select(i => values.Skip(i * values.Count / count).Take(((i + 1) * values.Count / count) - (i * values.Count / count)).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average()).ToList();
        var (low, high) = (means.Where(double.IsFinite).DefaultIfEmpty().Min(), means.Where(double.IsFinite).DefaultIfEmpty().Max());
        return string.Concat(means.Select(mean => double.IsNaN(mean) ? ' ' : Bars[high > low ? (int)Math.Min(Bars.Length - 1, (mean - low) / (high - low) * Bars.Length) : 0]));
    }
}
