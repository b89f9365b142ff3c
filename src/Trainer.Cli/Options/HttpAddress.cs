using System.CommandLine.Parsing;

namespace Trainer.Cli.Options;

/// <summary>Addresses on the command line.</summary>
internal static class HttpAddress
{
    public static Uri? Parse(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
            return address;
        result.AddError($"Expected an address like http://HOST:PORT, got '{result.Tokens[0].Value}'.");
        return null;
    }
}
