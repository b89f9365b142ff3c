using System.CommandLine.Parsing;
using System.Globalization;

namespace Trainer.Cli.Options;

/// <summary>Range checks of options.</summary>
internal static class Numbers
{
    public static Action<OptionResult> AtLeast(int least) => result =>
    {
        if (Value(result) < least)
        {
            result.AddError($"{result.Option.Name} must be at least {least}, got {Value(result)}.");
        }
    };

    public static Action<OptionResult> Between(int least, int most) => result =>
    {
        if (Value(result) < least || Value(result) > most)
        {
            result.AddError($"{result.Option.Name} must be {least} to {most}, got {Value(result)}.");
        }
    };

    /// <summary>Null where it is not a number at all, which the parser says, or not given.</summary>
    private static int? Value(OptionResult result) =>
        result.Tokens is [var token] && int.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;
}
