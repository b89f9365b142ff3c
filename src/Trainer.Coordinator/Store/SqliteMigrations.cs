using System.Globalization;
using Dapper;
using Google.Protobuf.Reflection;
using Microsoft.Data.Sqlite;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Store;

/// <summary>Brings a database to the newest schema by the numbered scripts beside this file; SQLite's user_version counts those applied.</summary>
internal static class SqliteMigrations
{
    private static readonly TypeRegistry Types = TypeRegistry.FromFiles(JobServiceReflection.Descriptor, ClusterReflection.Descriptor);

    private const string Prefix = "Trainer.Coordinator.Store.Migrations.";

    /// <exception cref="StoreException">The database is of a later version of the program.</exception>
    public static void Apply(SqliteConnection connection)
    {
        var scripts = Scripts();
        var applied = connection.ExecuteScalar<int>("PRAGMA user_version");
        if (applied > scripts.Count)
        {
            throw new StoreException(
                $"{connection.DataSource} has schema version {applied}, this program knows {scripts.Count}: it was written by a later version.");
        }

        connection.CreateFunction<string, string?, string?>("rewrite", Rewrite);
        foreach (var script in scripts.Skip(applied))
        {
            using var transaction = connection.BeginTransaction();
            connection.Execute(Read(script), transaction: transaction);
            connection.Execute($"PRAGMA user_version = {++applied}", transaction: transaction);
            transaction.Commit();
        }
    }

    // rewrite(TYPE, JSON) in the scripts: a message in the form that this release writes. One with unknown fields stays as it is: they must not get lost.
    private static string? Rewrite(string type, string? json)
    {
        if (json is null)
        {
            return null;
        }

        var unknown = new List<string>();
        var message = ProtoJson.Read(Types.Find(type), json, unknown);
        return unknown.Count == 0 ? JobTable.Json(message) : json;
    }

    // 001_jobs.sql, 002_..., without gaps.
    private static List<string> Scripts()
    {
        var names = typeof(SqliteMigrations).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        var numbers = names.Select(name => int.Parse(name.AsSpan(Prefix.Length, 3), CultureInfo.InvariantCulture));
        return numbers.SequenceEqual(Enumerable.Range(1, names.Count))
            ? names
            : throw new InvalidOperationException($"Migrations are not numbered 1 to {names.Count}: {string.Join(", ", names)}.");
    }

    private static string Read(string resource)
    {
        using var reader = new StreamReader(typeof(SqliteMigrations).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
