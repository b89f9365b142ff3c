namespace Trainer.Cli.Plots;

/// <summary>A scale from a lowest to a highest value, with round numbers on it.</summary>
/// <param name="Ticks">1, 2 or 5 times a power of ten.</param>
internal sealed record Axis(double Low, double High, bool IsLogarithmic, IReadOnlyList<double> Ticks)
{
    private static readonly double[] Mantissas = [1, 2, 5];

    /// <summary>From the first to the last value.</summary>
    /// <param name="wanted">About so many ticks.</param>
    public static Axis Between(double first, double last, int wanted)
    {
        if (last <= first)
        {
            (first, last) = (first - 0.5, last + 0.5);
        }

        var step = Math.Max(1, RoundStep((last - first) / wanted));
        return new Axis(first, last, false, Multiples(Math.Ceiling(first / step), Math.Floor(last / step), step));
    }

    /// <summary>From round number to round number, around all values.</summary>
    /// <param name="values">One at least; all above 0 where the axis is logarithmic.</param>
    public static Axis Around(IReadOnlyCollection<double> values, bool logarithmic, int wanted)
    {
        var (low, high) = (values.Min(), values.Max());
        return logarithmic ? Logarithmic(low, high) : Linear(low, high, wanted);
    }

    /// <summary>0 at the low end, 1 at the high one.</summary>
    public double Share(double value) => IsLogarithmic ? Math.Log(value / Low) / Math.Log(High / Low) : (value - Low) / (High - Low);

    private static Axis Linear(double low, double high, int wanted)
    {
        if (high - low <= Math.Abs(high) * 1e-9)
        {
            var room = high == 0 ? 1 : Math.Abs(high) / 10;
            (low, high) = (low - room, high + room);
        }

        var step = RoundStep((high - low) / wanted);
        var (first, last) = (Math.Floor((low / step) + 1e-9), Math.Ceiling((high / step) - 1e-9));
        return new Axis(first * step, last * step, false, Multiples(first, last, step));
    }

    // Of many decades their ends alone.
    private static Axis Logarithmic(double low, double high)
    {
        var (first, last) = ((int)Math.Floor(Math.Log10(low) + 1e-9), (int)Math.Ceiling(Math.Log10(high) - 1e-9));
        var between = last - first > 3 ? Mantissas[..1] : Mantissas;
        var all = Enumerable.Range(first, last - first + 1).SelectMany(power => between.Select(mantissa => mantissa * Math.Pow(10, power))).ToList();
        var (begin, end) = (all.Last(tick => tick <= low * (1 + 1e-9)), all.FirstOrDefault(tick => tick >= high * (1 - 1e-9) && tick > low, all[^1]));
        return new Axis(begin, Math.Max(end, begin * 2), true, [.. all.Where(tick => tick >= begin && tick <= end)]);
    }

    // Counted, not added up: 0.30000000000000004 is no round number. What is near is taken for round.
    private static IReadOnlyList<double> Multiples(double first, double last, double step) =>
        [.. Enumerable.Range(0, Math.Max(0, (int)(last - first) + 1)).Select(i => Math.Round((first + i) * step, Math.Clamp(3 - (int)Math.Floor(Math.Log10(step)), 0, 15)))];

    private static double RoundStep(double rough)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return power * (Mantissas.FirstOrDefault(mantissa => mantissa * power >= rough * (1 - 1e-9)) is > 0 and var mantissa ? mantissa : 10);
    }
}
