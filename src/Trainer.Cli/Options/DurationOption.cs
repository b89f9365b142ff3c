using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Trainer.Cli.Options;

/// <summary>An option with a span of time: 30d, 12h, 90m.</summary>
internal static class DurationOption
{
    /// <summary>A hundred years.</summary>
    private const long MostSeconds = 100L * 365 * 86400;

    private static readonly Dictionary<string, long> Seconds = new(StringComparer.Ordinal) { ["d"] = 86400, ["h"] = 3600, ["m"] = 60 };

    public static Option<TimeSpan?> Create(string name, string description) => new(name) { Description = description, HelpName = "30d|12h|90m", CustomParser = Parse };

    private static TimeSpan? Parse(ArgumentResult given)
    {
        var text = given.Tokens[0].Value;
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        if (Seconds.TryGetValue(text[digits..], out var unit) && long.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= MostSeconds / unit)
        {
            return TimeSpan.FromSeconds(number * unit);
        }

        given.AddError($"{((OptionResult)given.Parent!).Option.Name}: expected a number with d, h or m behind it, got '{text}'.");
        return null;
    }
}
