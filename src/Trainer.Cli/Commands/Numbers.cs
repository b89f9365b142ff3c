using System.CommandLine.Parsing;

namespace Trainer.Cli.Commands;

/// <summary>Range checks of options.</summary>
internal static class Numbers
{
    public static Action<OptionResult> AtLeast(int least) => result =>
    {
        if (!result.Errors.Any() && result.GetValueOrDefault<int>() < least)
            result.AddError($"{result.Option.Name} must be at least {least}, got {result.Tokens[0].Value}.");
    };
}
