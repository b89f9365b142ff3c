using System.Data.Common;
using Dapper;
using Google.Protobuf.Reflection;
using Microsoft.Data.Sqlite;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Store;

/// <summary>SQLite, for a single coordinator: <c>jobs.db</c> in a folder that it holds alone.</summary>
/// <remarks>
/// synchronous = FULL: a committed transaction survives a loss of power. The journal is a write-ahead log, but on a network file system, where that would
/// need shared memory, a rollback journal that is truncated. SQLite answers synchronously. It has one writer at a time, for which the driver would have others
/// sleep for 150 ms and try again: they wait here, in turn.
/// </remarks>
internal sealed class SqliteDialect : Dialect
{
    public const string FileName = "jobs.db";

    // SQLite's primary result codes.
    private const int Busy = 5;
    private const int Locked = 6;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int NotADatabase = 26;

    private static readonly TypeRegistry Types = TypeRegistry.FromFiles(JobServiceReflection.Descriptor, ClusterReflection.Descriptor);

    private readonly StoreLock _lock;
    private readonly string _folder;
    private readonly string _journal;
    private readonly string _connectionString;
    private readonly Turns _writers = new();
    private volatile bool _disposed;

    /// <summary>With what another program may take, less than the store's patience: nobody writes whose caller was told that it failed. Without WAL both begin and commit may have to wait for it.</summary>
    private readonly TimeSpan _turnWithin;

    /// <param name="isRemote">Whether a folder is on a network file system.</param>
    /// <exception cref="StoreException">The folder cannot be made or written, or is held by another coordinator.</exception>
    public SqliteDialect(string folder, Func<string, bool> isRemote)
    {
        (_lock, _folder) = (StoreLock.Take(folder), folder);
        Place = Path.Combine(Path.GetFullPath(folder), FileName);
        (_journal, _turnWithin) = isRemote(_folder) ? ("TRUNCATE", TimeSpan.FromSeconds(2)) : ("WAL", TimeSpan.FromSeconds(4));
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = Place,
            ForeignKeys = true,
            DefaultTimeout = 2, // Seconds in which another program may let go; callers wait on a thread.
        }.ConnectionString;
    }

    public override string Scripts => "Sqlite";

    public override string Place { get; }

    public static bool IsRemote(string folder) => new DriveInfo(Path.GetFullPath(folder)).DriveType == DriveType.Network;

    public override ValueTask<DbConnection> ConnectAsync() => new(Connect());

    public override async ValueTask<IDisposable?> TurnToWriteAsync() => await _writers.TakeAsync(_turnWithin).ConfigureAwait(false);

    // Deferred: it takes no lock that a writer would wait for.
    public override ValueTask<DbTransaction> SnapshotAsync(DbConnection connection) => new(((SqliteConnection)connection).BeginTransaction(deferred: true));

    // Dapper makes a list of parameters of the one.
    public override string AnyOf(string column, string parameter) => $"{column} IN @{parameter}";

    public override string LabelOf(string parameter) => $"json_extract(labels, @{parameter})";

    public override string LabelPath(string key) => $"$.\"{key}\"";

    /// <summary>SQLite's user_version counts the scripts applied.</summary>
    public override void Migrate(IReadOnlyList<Migration> scripts)
    {
        using var connection = Connect();
        var applied = connection.ExecuteScalar<int>("PRAGMA user_version");
        RequireKnown(applied, scripts.Count);
        connection.CreateFunction<string, string?, string?>("rewrite", Rewrite);
        foreach (var script in scripts.Skip(applied))
        {
            using var transaction = connection.BeginTransaction();
            connection.Execute(script.Sql, transaction: transaction);
            connection.Execute($"PRAGMA user_version = {script.Number}", transaction: transaction);
            transaction.Commit();
        }
    }

    public override StoreException? Explain(Exception fault) => fault switch
    {
        SqliteException e => Explain(e, _folder),
        TimeoutException => new StoreException($"The coordinator's store {_folder} does not answer: another program holds it, or its disk is too slow. Try again.", fault) { Fault = StoreFault.Locked },
        _ => null,
    };

    internal static StoreException Explain(SqliteException e, string folder) => e.SqliteErrorCode switch
    {
        Full => new StoreException($"The disk of the coordinator's store {folder} is full. Make room there and try again.", e) { Fault = StoreFault.Full },
        Busy or Locked => new StoreException($"Another program holds the coordinator's store {folder}. Try again once it lets go.", e) { Fault = StoreFault.Locked },
        Corrupt or NotADatabase => new StoreException($"The coordinator's store {folder} is damaged: {e.Message}", e) { Fault = StoreFault.Corrupt },
        _ => new StoreException($"The coordinator's store {folder} fails: {e.Message}", e),
    };

    public override void Dispose()
    {
        _disposed = true;
        using (var connection = new SqliteConnection(_connectionString))
        {
            SqliteConnection.ClearPool(connection);
        }

        _lock.Dispose();
    }

    private SqliteConnection Connect()
    {
        // SQLite would make a new file where the folder may be another coordinator's by now.
        ObjectDisposedException.ThrowIf(_disposed, this);
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        connection.Execute($"PRAGMA synchronous = FULL; PRAGMA journal_mode = {_journal}"); // The database remembers none but WAL.
        return connection;
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
}
