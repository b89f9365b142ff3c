using System.CommandLine;
using Trainer.Coordinator.Api;

namespace Trainer.Cli.Options;

/// <summary>--keep-for, --keep-jobs and --keep-bytes: whose files stay once jobs have ended.</summary>
internal sealed class RetentionOptions
{
    private readonly Option<TimeSpan?> _age = DurationOption.Create("--keep-for", "Files of ended jobs stay for so long.");

    private readonly Option<int?> _jobs = new("--keep-jobs") { Description = "Files of so many ended jobs stay: of those that ended last.", HelpName = "N" };

    private readonly Option<long?> _bytes = ByteSizeOption.Create("--keep-bytes", "Files of ended jobs take no more than this: those of the jobs that ended last stay.", "500GiB");

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
        .. policy.Bytes is { } bytes ? ["--keep-bytes", ByteSizeOption.Text(bytes)] : Array.Empty<string>(),
    ];
}
