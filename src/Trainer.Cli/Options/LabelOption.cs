using System.CommandLine;

namespace Trainer.Cli.Options;

/// <summary>--label KEY=VALUE, as often as wanted.</summary>
internal static class LabelOption
{
    public static Option<KeyValuePair<string, string>[]> Create(string description) => new("--label")
    {
        Description = description,
        HelpName = "KEY=VALUE",
        CustomParser = result => [.. result.Tokens.Select(token => Parse(token.Value, result.AddError))],
        DefaultValueFactory = _ => [],
    };

    private static KeyValuePair<string, string> Parse(string text, Action<string> addError)
    {
        var sign = text.IndexOf('=', StringComparison.Ordinal);
        if (sign <= 0)
        {
            addError($"--label: expected KEY=VALUE, got '{text}'.");
        }

        return KeyValuePair.Create(text[..Math.Max(sign, 0)], text[(sign + 1)..]);
    }
}
