using System.Text.RegularExpressions;

namespace Trainer.Cli.Support;

/// <summary>Leaves secrets out of texts: those that this process knows, and whatever looks like a password in an address, a token of HTTP, or a key of Amazon's.</summary>
internal sealed partial class Secrets
{
    public const string InTheirPlace = "[left out]";

    /// <summary>A shorter one would be found in what is none.</summary>
    private const int Shortest = 6;

    /// <summary>Variables that hold secrets, as far as this program and its stores have any.</summary>
    private static readonly string[] Variables = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PGPASSWORD"];

    private readonly List<string> _known;

    /// <param name="known">Tokens.</param>
    public Secrets(IEnumerable<string?> known, Func<string, string?> environment) =>
        _known = [.. known.Concat(Variables.Select(environment)).OfType<string>().Select(secret => secret.Trim()).Where(secret => secret.Length >= Shortest).OrderByDescending(secret => secret.Length)];

    public string LeaveOut(string text) => Key().Replace(
        Bearer().Replace(
            Password().Replace(_known.Aggregate(text, (left, secret) => left.Replace(secret, InTheirPlace, StringComparison.Ordinal)), $"${{before}}{InTheirPlace}@"),
            $"${{before}}{InTheirPlace}"),
        $"${{before}}{InTheirPlace}");

    // postgres://ann:PASSWORD@host
    [GeneratedRegex(@"(?<before>://[^\s/:@""]*:)[^\s/@""]+@", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Password();

    [GeneratedRegex(@"(?<before>\b[Bb]earer\s+)[A-Za-z0-9._~+/=-]{6,}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Bearer();

    [GeneratedRegex(@"(?<before>(secret|password|passwd|token|access_?key(_?id)?)[""']?\s*[=:]\s*[""']?)(?!null\b|true\b|false\b|\[left)[^\s""',;&}]{6,}", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Key();
}
