using System.CommandLine;

namespace Trainer.Cli.Options;

/// <summary>The argument of commands on one job.</summary>
internal static class JobId
{
    public static Argument<string> Argument() => new("ID") { Description = "The job's id, as 'trainer submit' and 'trainer jobs' show it." };
}
