using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Trainer.Coordinator.Api;

namespace Trainer.Cli.Options;

/// <summary>--keep-for, --keep-jobs and --keep-bytes: whose files stay once jobs have ended.</summary>
internal sealed class RetentionOptions
{
    private static readonly Dictionary<string, long> Units = new(StringComparer.Ordinal) { ["KiB"] = 1L << 10, ["MiB"] = 1L << 20, ["GiB"] = 1L << 30, ["TiB"] = 1L << 40 };

    private readonly Option<TimeSpan?> _age = DurationOption.Create("--keep-for", "Files of ended jobs stay for so long.");

    private readonly Option<int?> _jobs = new("--keep-jobs") { Description = "Files of so many ended jobs stay: of those that ended last.", HelpName = "N" };

    private readonly Option<long?> _bytes = new("--keep-bytes")
    {
        Description = "Files of ended jobs take no more than this: those of the jobs that ended last stay.",
        HelpName = "500GiB",
        CustomParser = given => Amount(given, Units, "a number with KiB, MiB, GiB or TiB behind it"),
    };

    public RetentionOptions() => _jobs.Validators.Add(Numbers.AtLeast(0));

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _age, _jobs, _bytes })
        {
            command.Options.Add(option);
        }
    }

    public RetentionPolicy Read(ParseResult parsed) =>
        new(parsed.GetValue(_age), parsed.GetValue(_jobs), parsed.GetValue(_bytes));

    /// <summary>As <see cref="Read"/> reads them again.</summary>
    public static IReadOnlyList<string> Arguments(RetentionPolicy policy) =>
    [
        .. policy.Age is { } age ? ["--keep-for", $"{(long)age.TotalMinutes}m"] : Array.Empty<string>(),
        .. policy.Jobs is { } jobs ? ["--keep-jobs", $"{jobs}"] : Array.Empty<string>(),
        .. policy.Bytes is { } bytes ? ["--keep-bytes", $"{bytes >> 10}KiB"] : Array.Empty<string>(),
    ];

    private static long? Amount(ArgumentResult given, Dictionary<string, long> units, string expected)
    {
        var text = given.Tokens[0].Value;
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        if (units.TryGetValue(text[digits..], out var unit) && long.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= long.MaxValue / unit)
        {
            return number * unit;
        }

        given.AddError($"{((OptionResult)given.Parent!).Option.Name}: expected {expected}, got '{text}'.");
        return null;
    }
}
