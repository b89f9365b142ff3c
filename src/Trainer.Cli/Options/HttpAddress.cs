using System.CommandLine.Parsing;

namespace Trainer.Cli.Options;

/// <summary>Addresses of servers, as people write them.</summary>
internal static class HttpAddress
{
    public static Uri? Parse(ArgumentResult result) => Read(result, TryParse, "http://HOST:PORT");

    /// <summary>Where a process sends something: without a user or a password, which belong in a file.</summary>
    public static Uri? ParseTarget(ArgumentResult result) =>
        Read(result, text => TryParse(text) is { UserInfo.Length: 0, Fragment.Length: 0 } address ? address : null, "http://HOST:PORT/PATH or https://HOST/PATH, without a user");

    /// <summary>As <see cref="ParseTarget"/>, to which paths are added: without a query.</summary>
    public static Uri? ParseBase(ArgumentResult result) =>
        Read(result, text => TryParse(text) is { UserInfo.Length: 0, Query.Length: 0, Fragment.Length: 0 } address ? address : null, "http://HOST:PORT/PATH or https://HOST/PATH, without a user or a query");

    /// <summary>One, or, of a cluster with several coordinators, some with commas between them.</summary>
    public static IReadOnlyList<Uri>? ParseSeveral(ArgumentResult result) => Read(result, TryParseSeveral, Several);

    /// <inheritdoc cref="ParseSeveral"/>
    public static IReadOnlyList<Uri>? TryParseSeveral(string text)
    {
        var addresses = text.Split(',').Select(one => TryParse(one.Trim())).OfType<Uri>().ToList();
        return addresses.Count == text.Split(',').Length ? addresses : null;
    }

    public static string ExpectedSeveral(string got) => Expected(got, Several);

    private const string Several = "http://HOST:PORT, or several with commas between them";

    private static Uri? TryParse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address : null;

    private static T? Read<T>(ArgumentResult result, Func<string, T?> read, string form)
        where T : class
    {
        var text = result.Tokens[0].Value;
        var value = read(text);
        if (value is null)
        {
            result.AddError(Expected(text, form));
        }

        return value;
    }

    private static string Expected(string got, string form) => $"Expected an address like {form}, got '{got}'.";
}
