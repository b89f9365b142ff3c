using System.Data.Common;
using System.Diagnostics;
using Dapper;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>Jobs in a database: the one mapper for all dialects. A fault of the database says what happened, in words that reach whoever called.</summary>
public sealed class SqlJobStore : IJobStore
{
    /// <summary>However the driver sees it. One write that itself takes longer than that may be done all the same; a row's carries a term that its entity has left behind by then.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(7);

    private readonly Dialect _dialect;
    private readonly JobSql _sql;
    private readonly JobHistory _history;
    private readonly StoreGate _gate = new(TimeProvider.System);

    private readonly Action<TimeSpan>? _answered;

    private SqlJobStore(Dialect dialect, Action<TimeSpan>? answered, IReadOnlyList<string> receivers)
    {
        (_dialect, _sql, _answered) = (dialect, new JobSql(dialect), answered);
        _history = new JobHistory(_sql, new OutboxTable(receivers));
    }

    /// <summary>Takes the dialect over, and brings its database to the newest schema.</summary>
    /// <param name="answered">Told how long each call took.</param>
    /// <param name="receivers">Who is told of jobs' changes, by way of the outbox.</param>
    /// <exception cref="StoreException">It holds what this program cannot read, or cannot be used.</exception>
    internal static SqlJobStore Open(Dialect dialect, Action<TimeSpan>? answered = null, IReadOnlyList<string>? receivers = null)
    {
        try
        {
            dialect.Migrate(Migrations.Of(dialect.Scripts));
            return new SqlJobStore(dialect, answered, receivers ?? []);
        }
        catch (Exception e)
        {
            var explained = dialect.Explain(e);
            dialect.Dispose();
            if (explained is null)
            {
                throw;
            }

            throw explained is { Fault: StoreFault.Unavailable } ? explained : new StoreException($"{dialect.Place} cannot be used: {e.Message}", e) { Fault = explained.Fault };
        }
    }

    public async ValueTask<JobRow> InsertAsync(JobRow row)
    {
        await WriteAsync(async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync();
            if (await connection.ExecuteAsync(JobSql.Insert, Values(row), transaction) == 1)
            {
                await _history.AppendAsync(connection, transaction, row);
            }

            await transaction.CommitAsync();
            return true;
        });
        return await FindAsync(row.Id) ?? throw new StoreException($"Job {row.Id} was deleted while it was made.");
    }

    public async ValueTask<JobRow?> FindAsync(string id) => (await LoadAsync(JobSql.Select + " WHERE id = @id", new { id })).SingleOrDefault();

    public ValueTask<bool> TakeTermAsync(string id, ulong term, ulong next) => WriteAsync(async connection => await connection.ExecuteAsync(
        "UPDATE jobs SET term = @next WHERE id = @id AND term = @term", new { id, term = (long)term, next = (long)next }) == 1);

    public ValueTask<bool> SaveAsync(JobRow row) => WriteAsync(async connection =>
    {
        await using var transaction = await connection.BeginTransactionAsync();
        if (await connection.ExecuteAsync(JobSql.Update, Values(row), transaction) == 0)
        {
            return false;
        }

        await _history.AppendAsync(connection, transaction, row);
        await transaction.CommitAsync();
        return true;
    });

    public ValueTask<IReadOnlyList<JobRow>> ListAsync(JobQuery query)
    {
        var (sql, parameters) = JobPageSql.Of(query, _dialect);
        return LoadAsync(sql, parameters);
    }

    public async ValueTask DeleteAsync(string id) => await ExecuteAsync(_sql.Delete, new { id, ended = Numbers(JobStates.Ended) });

    public ValueTask<IReadOnlyList<string>> ActiveIdsAsync() => CallAsync<IReadOnlyList<string>>(
        async connection => [.. await connection.QueryAsync<string>(_sql.ActiveIds, new { ended = Numbers(JobStates.Ended) })]);

    public ValueTask<IReadOnlyDictionary<JobState, int>> CountByStateAsync() => CallAsync<IReadOnlyDictionary<JobState, int>>(async connection =>
        (await connection.QueryAsync<(long State, long Count)>("SELECT state, COUNT(*) FROM jobs GROUP BY state")).ToDictionary(row => (JobState)row.State, row => (int)row.Count));

    public async ValueTask AppendLogAsync(IReadOnlyList<JobLogLine> lines) => await WriteAsync(async connection =>
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await LogTable.AppendAsync(connection, transaction, lines);
        await transaction.CommitAsync();
        return true;
    });

    public ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(string id, long after, int limit) => CallAsync<IReadOnlyList<LogEntry>>(
        async connection => [.. (await connection.QueryAsync<LogColumns>(LogTable.Read, new { id, after, limit })).Select(line => line.ToEntry())]);

    public async ValueTask<long> FirstLogAsync(string id) => await CallAsync(async connection => await connection.ExecuteScalarAsync<long?>(LogTable.First, new { id })) ?? 0;

    public async ValueTask AppendCurvesAsync(IReadOnlyList<JobCurvePoint> points) => await WriteAsync(async connection =>
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await CurveTable.AppendAsync(connection, transaction, points);
        await transaction.CommitAsync();
        return true;
    });

    public ValueTask<IReadOnlyList<StepMetrics>> ReadCurveAsync(string id) => CallAsync(async connection => CurveTable.Steps(await connection.QueryAsync<string>(CurveTable.Read, new { id })));

    public ValueTask<IReadOnlyList<Announcement>> ReadOutboxAsync(string receiver, long after, int limit) => CallAsync<IReadOnlyList<Announcement>>(
        async connection => [.. (await connection.QueryAsync<OutboxColumns>(OutboxTable.Read, new { receiver, after, limit })).Select(row => row.ToAnnouncement())]);

    public async ValueTask RemoveFromOutboxAsync(long number) => await ExecuteAsync(OutboxTable.Remove, new { number });

    public ValueTask<int> TrimOutboxAsync(string receiver, DateTimeOffset before, int most) =>
        ExecuteAsync(OutboxTable.Trim, new { receiver, before = before.ToUnixTimeMilliseconds(), most });

    public async ValueTask BeatAsync(string address) => await ExecuteAsync(
        "INSERT INTO coordinators (address, beats) VALUES (@address, 1) ON CONFLICT (address) DO UPDATE SET beats = coordinators.beats + 1", new { address });

    public ValueTask<IReadOnlyDictionary<string, long>> BeatsAsync() => CallAsync<IReadOnlyDictionary<string, long>>(async connection =>
        (await connection.QueryAsync<(string Address, long Beats)>("SELECT address, beats FROM coordinators")).ToDictionary(row => row.Address, row => row.Beats, StringComparer.Ordinal));

    public async ValueTask QuarantineAsync(Quarantine entry) => await ExecuteAsync(QuarantineSql.Upsert, QuarantineSql.Values(entry));

    public ValueTask<IReadOnlyList<Quarantine>> QuarantinesAsync() => CallAsync<IReadOnlyList<Quarantine>>(
        async connection => [.. (await connection.QueryAsync<QuarantineColumns>(QuarantineSql.Select)).Select(row => row.ToEntry())]);

    public async ValueTask ClearAsync(string machine, string device) => await ExecuteAsync(QuarantineSql.Delete, new { machine, device });

    public async ValueTask AddTokenAsync(StoredToken token) => await ExecuteAsync(TokenSql.Insert, TokenSql.Values(token));

    public async ValueTask AddSessionAsync(StoredToken session, int most)
    {
        var values = new DynamicParameters(TokenSql.Values(session));
        values.Add("Most", most - 1);
        await ExecuteAsync($"{TokenSql.DeleteOldSessions};\n{TokenSql.Insert}", values);
    }

    public ValueTask<IReadOnlyList<StoredToken>> TokensAsync() => CallAsync<IReadOnlyList<StoredToken>>(
        async connection => [.. (await connection.QueryAsync<TokenColumns>(TokenSql.Select)).Select(row => row.ToToken())]);

    public async ValueTask<bool> RemoveTokenAsync(string id) => await ExecuteAsync(TokenSql.Delete, new { id }) > 0;

    public async ValueTask AddSignInCodeAsync(SignInCode code, DateTimeOffset now) => await ExecuteAsync(SignInSql.Replace, SignInSql.Values(code, now));

    // Who guesses holds up nobody who writes.
    public async ValueTask<SignInCode?> TakeSignInCodeAsync(string hash) => await CallAsync(connection => connection.ExecuteScalarAsync<long>(SignInSql.Exists, new { hash })) == 0
        ? null
        : (await WriteAsync(connection => connection.QuerySingleOrDefaultAsync<SignInColumns>(SignInSql.Take, new { hash })))?.ToCode();

    public void Dispose() => _dialect.Dispose();

    private ValueTask<int> ExecuteAsync(string sql, object parameters) => WriteAsync(connection => connection.ExecuteAsync(sql, parameters));

    private ValueTask<IReadOnlyList<JobRow>> LoadAsync(string select, object parameters) => CallAsync(async connection =>
    {
        await using var snapshot = await _dialect.SnapshotAsync(connection);
        var rows = await ReadRowsAsync(connection, select, parameters, snapshot);
        return await _history.ReadAsync(connection, snapshot, rows);
    });

    private ValueTask<T> WriteAsync<T>(Func<DbConnection, Task<T>> write) => CallAsync(write, writes: true);

    private async ValueTask<T> CallAsync<T>(Func<DbConnection, Task<T>> call, bool writes = false)
    {
        var isTrial = _gate.Enter();
        var (start, fault) = (Stopwatch.GetTimestamp(), (StoreException?)null);
        try
        {
            return await RunAsync(call, writes).WaitAsync(AnswerWithin);
        }
        catch (Exception e) when ((fault = _dialect.Explain(e)) is not null)
        {
            throw fault;
        }
        finally
        {
            _gate.Leave(isTrial, fault);
            _answered?.Invoke(Stopwatch.GetElapsedTime(start));
        }
    }

    // Who waits for a turn holds no connection. The turn is not handed to an actor, which may have ended by then.
    private async Task<T> RunAsync<T>(Func<DbConnection, Task<T>> call, bool writes)
    {
        using var turn = writes ? await _dialect.TurnToWriteAsync().ConfigureAwait(false) : null;
        await using var connection = await _dialect.ConnectAsync().ConfigureAwait(false);
        return await call(connection).ConfigureAwait(false);
    }

    private static async Task<List<JobRow>> ReadRowsAsync(DbConnection connection, string select, object parameters, DbTransaction transaction)
    {
        await using var reader = await connection.ExecuteReaderAsync(select, parameters, transaction);
        var (rows, cells) = (new List<JobRow>(), new object[JobTable.Columns.Count]);
        while (await reader.ReadAsync())
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

    private static long[] Numbers(IEnumerable<JobState> states) => [.. states.Select(state => (long)state)];
}
