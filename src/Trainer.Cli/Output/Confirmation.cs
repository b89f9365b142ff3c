using System.CommandLine;
using Trainer.Cli.Errors;

namespace Trainer.Cli.Output;

/// <summary>--yes: what cannot be undone asks on a terminal, and needs this elsewhere.</summary>
internal static class Confirmation
{
    public static Option<bool> Option() => new("--yes") { Description = "Do not ask. Needed where there is no terminal to ask on." };

    /// <param name="what">What cannot be undone, as a sentence.</param>
    /// <exception cref="CliException">Nobody can be asked, or says no.</exception>
    public static void Require(bool yes, Shell shell, string what)
    {
        if (yes)
        {
            return;
        }

        if (shell.Ask is not { } ask)
        {
            throw new CliException($"{what} This cannot be undone.", ExitCode.Usage, "Say --yes to do it.");
        }

        if (ask($"{what} This cannot be undone. Go on? [y/N] ") is not { } answer || !answer.Trim().StartsWith("y", StringComparison.OrdinalIgnoreCase))
        {
            throw new CliException("Nothing was done.");
        }
    }
}
