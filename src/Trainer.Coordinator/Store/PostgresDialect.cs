using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using Dapper;
using Npgsql;

namespace Trainer.Coordinator.Store;

/// <summary>PostgreSQL, for any number of coordinators: a database of its own on a server.</summary>
/// <remarks>
/// A commit is on the server's disk before it is answered, whatever the server's default. The server gives up what a coordinator that froze or was cut off has begun and
/// holds locks for. Who cannot reach the server hears so within seconds: see the timeouts.
/// </remarks>
internal sealed class PostgresDialect : Dialect
{
    /// <summary>Any number that nobody else locks: who moves the schema holds it.</summary>
    private const long MigrationLock = 0x747261696e6572;

    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    private readonly NpgsqlDataSource _source;

    /// <param name="place">For errors: without a password.</param>
    public PostgresDialect(string connectionString, string place)
    {
        Place = place;
        _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "trainer",
            Timeout = (int)ConnectWithin.TotalSeconds,
            CommandTimeout = (int)AnswerWithin.TotalSeconds,
            CancellationTimeout = -1, // A server that is late to answer is not asked to break off, but left.
            MaxPoolSize = 20,
            Options = "-c synchronous_commit=on -c lock_timeout=4000 -c statement_timeout=10000 -c idle_in_transaction_session_timeout=5000",
        });
    }

    public override string Scripts => "Postgres";

    public override string Place { get; }

    public override async ValueTask<DbConnection> ConnectAsync() => await _source.OpenConnectionAsync();

    public override async ValueTask<DbTransaction> SnapshotAsync(DbConnection connection) => await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);

    public override string AnyOf(string column, string parameter) => $"{column} = ANY(@{parameter})";

    public override string LabelOf(string parameter) => $"(labels::json ->> @{parameter}) COLLATE \"C\"";

    public override string LabelPath(string key) => key;

    /// <summary>Table schema_version counts the scripts applied. Coordinators that start together take turns.</summary>
    public override void Migrate(IReadOnlyList<Migration> scripts)
    {
        using var connection = _source.OpenConnection();
        using var transaction = connection.BeginTransaction();
        connection.Execute("SELECT pg_advisory_xact_lock(@MigrationLock)", new { MigrationLock }, transaction);
        connection.Execute("CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)", transaction: transaction);
        var applied = connection.ExecuteScalar<int?>("SELECT MAX(version) FROM schema_version", transaction: transaction) ?? 0;
        RequireKnown(applied, scripts.Count);
        foreach (var script in scripts.Skip(applied))
        {
            connection.Execute(script.Sql, transaction: transaction);
            connection.Execute("INSERT INTO schema_version (version) VALUES (@Number)", new { script.Number }, transaction);
        }

        transaction.Commit();
    }

    public override StoreException? Explain(Exception fault) => fault is DbException or TimeoutException ? Explain(fault, Place) : null;

    internal static StoreException Explain(Exception fault, string place) => (fault as PostgresException)?.SqlState switch
    {
        PostgresErrorCodes.DiskFull => new StoreException($"The disk of the coordinator's store {place} is full. Make room there and try again.", fault) { Fault = StoreFault.Full },
        PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.QueryCanceled =>
            new StoreException($"Another program holds the coordinator's store {place}. Try again once it lets go.", fault) { Fault = StoreFault.Locked },
        PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted =>
            new StoreException($"The coordinator's store {place} is damaged: {fault.Message}", fault) { Fault = StoreFault.Corrupt },
        { } state when !IsAway(state) => new StoreException($"The coordinator's store {place} fails: {fault.Message}", fault),
        _ => new StoreException($"The coordinator's store {place} does not answer: {Cause(fault)}. Try again; what trains goes on meanwhile.", fault) { Fault = StoreFault.Unavailable },
    };

    public override void Dispose() => _source.Dispose();

    // The server is going, coming, somebody else's copy that only reads, or without room for one more connection.
    private static bool IsAway(string state) =>
        state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("57P", StringComparison.Ordinal) || state.StartsWith("53", StringComparison.Ordinal)
        || state is PostgresErrorCodes.ReadOnlySqlTransaction or "25P03";

    private static string Cause(Exception fault) => fault switch
    {
        PostgresException e => e.MessageText,
        { InnerException: TimeoutException } or TimeoutException => "it is silent",
        { InnerException: SocketException e } => e.Message,
        { InnerException: EndOfStreamException or IOException } => "it closed the connection",
        _ => fault.Message,
    };
}
