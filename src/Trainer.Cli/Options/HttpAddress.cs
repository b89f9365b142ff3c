using System.CommandLine.Parsing;

namespace Trainer.Cli.Options;

/// <summary>Addresses of servers, as people write them.</summary>
internal static class HttpAddress
{
    public static Uri? Parse(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var address = TryParse(text);
        if (address is null)
        {
            result.AddError(Expected(text));
        }

        return address;
    }

    public static Uri? TryParse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address : null;

    public static string Expected(string got) => $"Expected an address like http://HOST:PORT, got '{got}'.";
}
