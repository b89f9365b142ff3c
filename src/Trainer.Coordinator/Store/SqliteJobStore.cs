using Dapper;
using Microsoft.Data.Sqlite;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>The store of a single coordinator: <c>jobs.db</c> in a folder that it holds alone.</summary>
/// <remarks>Write-ahead log with synchronous = FULL: a committed transaction survives a loss of power. Dapper runs SQLite synchronously.</remarks>
public sealed class SqliteJobStore : IJobStore
{
    private readonly StoreLock _lock;
    private readonly string _connectionString;
    private volatile bool _disposed;

    private SqliteJobStore(StoreLock folderLock, string connectionString) => (_lock, _connectionString) = (folderLock, connectionString);

    /// <exception cref="StoreException">The folder cannot be written, is held by another coordinator, or holds what this program cannot read.</exception>
    public static SqliteJobStore Open(string folder)
    {
        var path = Path.Combine(Path.GetFullPath(folder), "jobs.db");
        var store = new SqliteJobStore(StoreLock.Take(folder), new SqliteConnectionStringBuilder
        {
            DataSource = path,
            ForeignKeys = true,
            DefaultTimeout = 5, // Seconds in which another program may let go; callers wait on a thread.
        }.ConnectionString);
        try
        {
            using var connection = store.Connect();
            connection.Execute("PRAGMA journal_mode = WAL");
            SqliteMigrations.Apply(connection);
            return store;
        }
        catch (SqliteException e)
        {
            store.Dispose();
            throw new StoreException($"{path} cannot be used: {e.Message}", e);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    public ValueTask<JobRow> InsertAsync(JobRow row)
    {
        using var connection = Connect();
        using var transaction = connection.BeginTransaction();
        if (connection.Execute(JobSql.Insert, Values(row), transaction) == 1)
        {
            AppendHistory(connection, transaction, row);
        }

        var stored = Load(connection, JobSql.Select + " WHERE id = @id", new { id = row.Id }, transaction).Single();
        transaction.Commit();
        return new(stored);
    }

    public ValueTask<JobRow?> FindAsync(string id)
    {
        using var connection = Connect();
        return new(Load(connection, JobSql.Select + " WHERE id = @id", new { id }).SingleOrDefault());
    }

    public ValueTask<bool> TakeTermAsync(string id, ulong term, ulong next)
    {
        using var connection = Connect();
        return new(connection.Execute(
            "UPDATE jobs SET term = @next WHERE id = @id AND term = @term", new { id, term = (long)term, next = (long)next }) == 1);
    }

    public ValueTask<bool> SaveAsync(JobRow row)
    {
        using var connection = Connect();
        using var transaction = connection.BeginTransaction();
        if (connection.Execute(JobSql.Update, Values(row), transaction) == 0)
        {
            return new(false);
        }

        AppendHistory(connection, transaction, row);
        transaction.Commit();
        return new(true);
    }

    public ValueTask<IReadOnlyList<JobRow>> ListAsync(JobQuery query)
    {
        using var connection = Connect();
        var (sql, parameters) = JobPageSql.Of(query);
        return new(Load(connection, sql, parameters));
    }

    public ValueTask DeleteAsync(string id)
    {
        using var connection = Connect();
        connection.Execute("DELETE FROM jobs WHERE id = @id AND state IN @ended", new { id, ended = JobStates.Ended.Select(state => (int)state) });
        return default;
    }

    public ValueTask<IReadOnlyList<string>> ActiveIdsAsync()
    {
        using var connection = Connect();
        return new([.. connection.Query<string>(
            "SELECT id FROM jobs WHERE state NOT IN @ended ORDER BY created, id",
            new { ended = JobStates.Ended.Select(state => (int)state) })]);
    }

    public IReadOnlyDictionary<JobState, int> CountByState()
    {
        using var connection = Connect();
        return connection.Query<(long State, long Count)>("SELECT state, COUNT(*) FROM jobs GROUP BY state")
            .ToDictionary(row => (JobState)row.State, row => (int)row.Count);
    }

    public ValueTask AppendLogAsync(string id, string source, string message, DateTimeOffset time)
    {
        using var connection = Connect();
        connection.Execute(JobSql.AppendLog, new { id, source, message, time = time.ToUnixTimeMilliseconds() });
        return default;
    }

    public ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(string id, long after, int limit)
    {
        using var connection = Connect();
        return new([.. connection.Query<LogColumns>(JobSql.ReadLog, new { id, after, limit }).Select(line => line.ToEntry())]);
    }

    public ValueTask QuarantineAsync(Quarantine entry)
    {
        using var connection = Connect();
        connection.Execute(QuarantineSql.Upsert, QuarantineSql.Values(entry));
        return default;
    }

    public ValueTask<IReadOnlyList<Quarantine>> QuarantinesAsync()
    {
        using var connection = Connect();
        return new([.. connection.Query<QuarantineColumns>(QuarantineSql.Select).Select(row => row.ToEntry())]);
    }

    public ValueTask ClearAsync(string machine, string device)
    {
        using var connection = Connect();
        connection.Execute(QuarantineSql.Delete, new { machine, device });
        return default;
    }

    public void Dispose()
    {
        _disposed = true;
        using (var connection = new SqliteConnection(_connectionString))
        {
            SqliteConnection.ClearPool(connection);
        }

        _lock.Dispose();
    }

    private static void AppendHistory(SqliteConnection connection, SqliteTransaction transaction, JobRow row)
    {
        var known = connection.QuerySingle<(long Transitions, long Epochs)>(JobSql.CountHistory, new { id = row.Id }, transaction);
        for (var sequence = (int)known.Transitions; sequence < row.Transitions.Count; sequence++)
        {
            var transition = row.Transitions[sequence];
            connection.Execute(JobSql.InsertTransition, new { job = row.Id, sequence, transition = JobTable.Json(transition) }, transaction);
            connection.Execute(JobSql.AppendLog, LogColumns.Of(row.Id, transition), transaction);
        }

        foreach (var summary in row.Epochs.Skip((int)known.Epochs))
        {
            connection.Execute(JobSql.InsertEpoch, new { job = row.Id, epoch = (long)summary.Epoch, summary = JobTable.Json(summary) }, transaction);
        }

        // Its end changes: the last entry, and, where a state was lost, those before it back to the one that made what is left. One without steps says nothing of those before it.
        for (var sequence = row.Journal.Count - 1; sequence >= 0; sequence--)
        {
            var entry = row.Journal[sequence];
            var isChanged = connection.Execute(JobSql.UpsertSegment, new { job = row.Id, sequence, segment = JobTable.Json(entry) }, transaction) > 0;
            if (!isChanged && entry.Items > 0)
            {
                break;
            }
        }
    }

    private static IReadOnlyList<JobRow> Load(SqliteConnection connection, string select, object parameters, SqliteTransaction? transaction = null)
    {
        var rows = ReadRows(connection, select, parameters, transaction);
        var ids = new { ids = rows.Select(row => row.Id) };
        var transitions = connection.Query<(string Job, string Json)>(JobSql.SelectTransitions, ids, transaction).ToLookup(row => row.Job, row => row.Json);
        var epochs = connection.Query<(string Job, string Json)>(JobSql.SelectEpochs, ids, transaction).ToLookup(row => row.Job, row => row.Json);
        var segments = connection.Query<(string Job, string Json)>(JobSql.SelectSegments, ids, transaction).ToLookup(row => row.Job, row => row.Json);
        return [.. rows.Select(row => row with
        {
            Transitions = [.. transitions[row.Id].Select(ProtoJson.Read<Transition>)],
            Epochs = [.. epochs[row.Id].Select(ProtoJson.Read<EpochSummary>)],
            Journal = [.. segments[row.Id].Select(ProtoJson.Read<JournalEntry>)],
        })];
    }

    private static List<JobRow> ReadRows(SqliteConnection connection, string select, object parameters, SqliteTransaction? transaction)
    {
        using var reader = connection.ExecuteReader(select, parameters, transaction);
        var (rows, cells) = (new List<JobRow>(), new object[JobTable.Columns.Count]);
        while (reader.Read())
        {
            reader.GetValues(cells);
            rows.Add(JobTable.Row(cells));
        }

        return rows;
    }

    private static DynamicParameters Values(JobRow row)
    {
        var values = new DynamicParameters();
        foreach (var column in JobTable.Columns)
        {
            values.Add(column.Name, column.Value(row));
        }

        return values;
    }

    private SqliteConnection Connect()
    {
        // SQLite would make a new file where the folder may be another coordinator's by now.
        ObjectDisposedException.ThrowIf(_disposed, this);
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        connection.Execute("PRAGMA synchronous = FULL");
        return connection;
    }
}
