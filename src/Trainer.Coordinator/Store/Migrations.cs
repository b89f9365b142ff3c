using System.Globalization;

namespace Trainer.Coordinator.Store;

/// <summary>A numbered script that brings a database from the version before to its own.</summary>
internal sealed record Migration(int Number, string Sql);

/// <summary>The numbered scripts of a dialect: 001_jobs.sql, 002_..., without gaps, in its folder below this file.</summary>
/// <remarks>They only add: a coordinator of this release that still runs reads what one of the next has moved.</remarks>
internal static class Migrations
{
    private const string Prefix = "Trainer.Coordinator.Store.Migrations.";

    public static IReadOnlyList<Migration> Of(string dialect)
    {
        var prefix = $"{Prefix}{dialect}.";
        var names = typeof(Migrations).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        var numbers = names.Select(name => int.Parse(name.AsSpan(prefix.Length, 3), CultureInfo.InvariantCulture)).ToList();
        return numbers.SequenceEqual(Enumerable.Range(1, names.Count))
            ? [.. numbers.Zip(names, (number, name) => new Migration(number, Read(name)))]
            : throw new InvalidOperationException($"Migrations are not numbered 1 to {names.Count}: {string.Join(", ", names)}.");
    }

    private static string Read(string resource)
    {
        using var reader = new StreamReader(typeof(Migrations).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
