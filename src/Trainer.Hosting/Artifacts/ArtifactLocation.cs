using System.Diagnostics.CodeAnalysis;

namespace Trainer.Hosting.Artifacts;

/// <summary>Where a store is, as people and processes write it: an absolute folder, or <c>s3://BUCKET/PREFIX</c>. What is below a location is written behind a '/' in both.</summary>
public static class ArtifactLocation
{
    public const string Scheme = "s3://";

    /// <summary>For errors.</summary>
    public const string Expected = "a folder or s3://BUCKET[/PREFIX]";

    public static bool IsBucket(string location) => location.StartsWith(Scheme, StringComparison.Ordinal);

    /// <summary>As processes tell it each other: folders absolute, nothing behind the last name.</summary>
    /// <param name="text">As a user wrote it.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out string? location)
    {
        location = !IsBucket(text) ? (text.Length > 0 && !text.Contains("://", StringComparison.Ordinal) ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(text)) : null)
            : Split(text.TrimEnd('/')) is { Bucket.Length: > 0 } ? text.TrimEnd('/')
            : null;
        return location is not null;
    }

    /// <summary>Bucket and prefix of a location in a bucket.</summary>
    public static (string Bucket, string Prefix) Split(string location)
    {
        var rest = location.Length > Scheme.Length ? location[Scheme.Length..] : "";
        return rest.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? (rest[..slash], rest[(slash + 1)..].Trim('/')) : (rest, "");
    }
}
