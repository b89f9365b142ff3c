using Spectre.Console;

namespace Trainer.Cli.Output;

/// <summary>What the command line has around it: where it writes, and the environment. Tests bring their own.</summary>
internal sealed class Shell
{
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>Draws on <see cref="Out"/> when that is a terminal that can; null when it is a file or a pipe.</summary>
    public IAnsiConsole? Terminal { get; init; }

    /// <summary>The terminal's columns where <see cref="Out"/> is one; null for a file or a pipe, whose lines have no end.</summary>
    public int? Width { get; init; }

    /// <summary>As <see cref="Width"/>, for <see cref="Error"/>.</summary>
    public int? ErrorWidth { get; init; }

    public required Func<string, string?> Environment { get; init; }

    /// <summary>Puts a question and returns the line that is answered; null where nobody can be asked.</summary>
    public Func<string, string?>? Ask { get; init; }

    public static Shell OfThisProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        Terminal = Console.IsOutputRedirected ? null : TerminalOfThisProcess(),
        Width = Console.IsOutputRedirected ? null : Columns(),
        ErrorWidth = Console.IsErrorRedirected ? null : Columns(),
        Environment = System.Environment.GetEnvironmentVariable,
        Ask = Console.IsInputRedirected || Console.IsErrorRedirected ? null : AskHere,
    };

    private static string? AskHere(string question)
    {
        Console.Error.Write(question);
        return Console.ReadLine();
    }

    /// <summary>Null where the terminal does not say.</summary>
    private static int? Columns() => Console.WindowWidth > 0 ? Console.WindowWidth : null;

    /// <summary>Null where the terminal cannot move its cursor (TERM=dumb).</summary>
    private static IAnsiConsole? TerminalOfThisProcess()
    {
        // Nothing is read from it, so that standard input is elsewhere does not matter.
        var terminal = AnsiConsole.Create(new AnsiConsoleSettings { Interactive = InteractionSupport.Yes });
        return terminal.Profile.Capabilities.Ansi ? terminal : null;
    }
}
