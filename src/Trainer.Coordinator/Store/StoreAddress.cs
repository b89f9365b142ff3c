using System.Data.Common;
using System.Text.RegularExpressions;
using Npgsql;

namespace Trainer.Coordinator.Store;

/// <summary>Where a coordinator's store is, as its operator says it; as text, without the password.</summary>
public abstract record StoreAddress
{
    public const string Expected = "FOLDER, sqlite:FOLDER or postgres://USER@HOST:PORT/DATABASE";

    /// <summary>Whether several coordinators can have it in common.</summary>
    public abstract bool IsShared { get; }

    /// <summary>Whether the text that was read has a password in it.</summary>
    public abstract bool HasPassword { get; }

    /// <exception cref="FormatException">Its message never shows a password.</exception>
    public static StoreAddress Parse(string text) =>
        text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal) ? PostgresAddress.Of(text)
        : text.StartsWith("sqlite:", StringComparison.Ordinal) ? new SqliteAddress(Path.GetFullPath(text["sqlite:".Length..]))
        : text.Contains("://", StringComparison.Ordinal) ? throw new FormatException($"expected {Expected}, got something that begins with {text[..(text.IndexOf("://", StringComparison.Ordinal) + 3)]}")
        : new SqliteAddress(Path.GetFullPath(text));

    /// <param name="answered">Told how long each call took.</param>
    /// <param name="receivers">Who is told of jobs' changes, by way of the outbox.</param>
    /// <exception cref="StoreException">It cannot be opened, or holds what this program cannot read.</exception>
    public abstract IJobStore Open(Action<TimeSpan>? answered = null, IReadOnlyList<string>? receivers = null);
}

/// <summary>jobs.db in a folder.</summary>
public sealed record SqliteAddress(string Folder) : StoreAddress
{
    public override bool IsShared => false;

    public override bool HasPassword => false;

    public override IJobStore Open(Action<TimeSpan>? answered = null, IReadOnlyList<string>? receivers = null) => SqlJobStore.Open(new SqliteDialect(Folder, SqliteDialect.IsRemote), answered, receivers);

    public override string ToString() => Folder;
}

/// <summary>A database of a PostgreSQL server, in libpq's words.</summary>
public sealed partial record PostgresAddress : StoreAddress
{
    // libpq's parameters that are understood, with Npgsql's words for them.
    private static readonly Dictionary<string, string> Parameters = new(StringComparer.Ordinal)
    {
        ["host"] = "Host",
        ["port"] = "Port",
        ["user"] = "Username",
        ["password"] = "Password",
        ["dbname"] = "Database",
        ["passfile"] = "Passfile",
        ["sslmode"] = "SSL Mode",
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslpassword"] = "SSL Password",
    };

    private readonly NpgsqlConnectionStringBuilder _settings;

    private PostgresAddress(NpgsqlConnectionStringBuilder settings) => _settings = settings;

    public override bool IsShared => true;

    public override bool HasPassword => _settings.Password is { Length: > 0 } || _settings.SslPassword is { Length: > 0 };

    public override IJobStore Open(Action<TimeSpan>? answered = null, IReadOnlyList<string>? receivers = null) => SqlJobStore.Open(new PostgresDialect(_settings.ConnectionString, ToString()), answered, receivers);

    public override string ToString() =>
        $"postgres://{(_settings.Username is { } user ? user + "@" : "")}{_settings.Host}:{_settings.Port}/{_settings.Database ?? _settings.Username}";

    public bool Equals(PostgresAddress? other) => other is not null && _settings.EquivalentTo(other._settings);

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    internal static PostgresAddress Of(string text)
    {
        // Unlike .NET's Uri, libpq takes an address without a host: postgres://USER@/DATABASE?host=/run/postgresql.
        if (Form().Match(text) is not { Success: true } parts)
        {
            throw new FormatException($"expected {Expected}, got a postgres:// address that cannot be read; write special characters of names and passwords as %XX");
        }

        var settings = new NpgsqlConnectionStringBuilder { Host = "localhost" };
        foreach (var name in new[] { "user", "password", "host", "port", "dbname" })
        {
            Set(settings, name, parts.Groups[name].Value);
        }

        foreach (var parameter in parts.Groups["query"].Value.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = parameter.Split('=', 2);
            Set(settings, pair[0], pair.Length > 1 ? pair[1] : "");
        }

        return new PostgresAddress(settings);
    }

    [GeneratedRegex(@"^postgres(ql)?://((?<user>[^:@/?]*)(:(?<password>[^@/?]*))?@)?(?<host>\[[^\]]*\]|[^:/?\[\]]*)(:(?<port>\d+))?(/(?<dbname>[^?/]*))?(\?(?<query>.*))?$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Form();

    private static void Set(NpgsqlConnectionStringBuilder settings, string name, string escaped)
    {
        if (!Parameters.TryGetValue(name, out var keyword))
        {
            throw new FormatException($"postgres:// has no parameter '{name}' here; there are {string.Join(", ", Parameters.Keys)}");
        }

        var value = Uri.UnescapeDataString(escaped);
        if (value.Length == 0)
        {
            return;
        }

        try
        {
            // verify-full is libpq's, VerifyFull Npgsql's.
            ((DbConnectionStringBuilder)settings)[keyword] = name == "sslmode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException)
        {
            throw new FormatException(name.Contains("password", StringComparison.Ordinal) ? $"postgres://: {name} cannot be used" : $"postgres://: {name} cannot be '{value}'", e);
        }
    }
}
