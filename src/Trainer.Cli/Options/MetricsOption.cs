using System.CommandLine;

namespace Trainer.Cli.Options;

/// <summary>--metrics-open, of all commands that start processes.</summary>
internal static class MetricsOption
{
    public const string Name = "--metrics-open";

    public static Option<bool> Create() => new(Name) { Description = "Whoever reaches the HTTP port may read /metrics; without it that needs a token." };
}
