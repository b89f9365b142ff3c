using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Trainer.Cli.Options;

/// <summary>An option that takes a number of bytes: 512KiB, 4GiB.</summary>
internal static class ByteSizeOption
{
    private static readonly Dictionary<string, long> Units = new(StringComparer.Ordinal) { ["KiB"] = 1L << 10, ["MiB"] = 1L << 20, ["GiB"] = 1L << 30, ["TiB"] = 1L << 40 };

    /// <param name="example">A value that help shows.</param>
    public static Option<long?> Create(string name, string description, string example) =>
        new(name) { Description = description, HelpName = example, CustomParser = Parse };

    /// <summary>As the option reads it again, rounded down to whole KiB.</summary>
    public static string Text(long bytes) => $"{bytes >> 10}KiB";

    private static long? Parse(ArgumentResult given)
    {
        var text = given.Tokens[0].Value;
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        if (Units.TryGetValue(text[digits..], out var unit) && long.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= long.MaxValue / unit)
        {
            return number * unit;
        }

        given.AddError($"{((OptionResult)given.Parent!).Option.Name}: expected a number with KiB, MiB, GiB or TiB behind it, got '{text}'.");
        return null;
    }
}
