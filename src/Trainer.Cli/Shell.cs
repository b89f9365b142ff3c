using Spectre.Console;

namespace Trainer.Cli;

/// <summary>What the command line has around it: where it writes, and the environment. Tests bring their own.</summary>
internal sealed class Shell
{
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>Draws on <see cref="Out"/> when that is a terminal; null when it is a file or a pipe.</summary>
    public IAnsiConsole? Terminal { get; init; }

    public required Func<string, string?> Environment { get; init; }

    public static Shell OfThisProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        Terminal = Console.IsOutputRedirected ? null : AnsiConsole.Console,
        Environment = System.Environment.GetEnvironmentVariable,
    };
}
