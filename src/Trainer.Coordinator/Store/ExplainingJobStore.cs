using Microsoft.Data.Sqlite;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>A store on SQLite whose errors say what happened to it, in words that reach whoever called.</summary>
/// <param name="written">Told of what gets into a job's log.</param>
internal sealed class ExplainingJobStore(IJobStore store, string folder, LogSignal? written = null) : IJobStore
{
    // SQLite's primary result codes.
    private const int Busy = 5;
    private const int Locked = 6;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int NotADatabase = 26;

    public ValueTask<JobRow> InsertAsync(JobRow row) => Explain(() => store.InsertAsync(row));

    public ValueTask<JobRow?> FindAsync(string id) => Explain(() => store.FindAsync(id));

    public ValueTask<bool> TakeTermAsync(string id, ulong term, ulong next) => Explain(() => store.TakeTermAsync(id, term, next));

    public async ValueTask<bool> SaveAsync(JobRow row)
    {
        var isSaved = await Explain(() => store.SaveAsync(row));
        written?.Raise(row.Id);
        return isSaved;
    }

    public ValueTask<IReadOnlyList<JobRow>> ListAsync(JobQuery query) => Explain(() => store.ListAsync(query));

    public ValueTask DeleteAsync(string id) => Explain(() => store.DeleteAsync(id));

    public ValueTask<IReadOnlyList<string>> ActiveIdsAsync() => Explain(store.ActiveIdsAsync);

    public IReadOnlyDictionary<JobState, int> CountByState()
    {
        try
        {
            return store.CountByState();
        }
        catch (SqliteException e)
        {
            throw Explain(e);
        }
    }

    public async ValueTask AppendLogAsync(string id, string source, string message, DateTimeOffset time)
    {
        await Explain(() => store.AppendLogAsync(id, source, message, time));
        written?.Raise(id);
    }

    public ValueTask QuarantineAsync(Quarantine entry) => Explain(() => store.QuarantineAsync(entry));

    public ValueTask<IReadOnlyList<Quarantine>> QuarantinesAsync() => Explain(store.QuarantinesAsync);

    public ValueTask ClearAsync(string machine, string device) => Explain(() => store.ClearAsync(machine, device));

    public ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(string id, long after, int limit) => Explain(() => store.ReadLogAsync(id, after, limit));

    public void Dispose() => store.Dispose();

    private async ValueTask Explain(Func<ValueTask> call)
    {
        try
        {
            await call();
        }
        catch (SqliteException e)
        {
            throw Explain(e);
        }
    }

    private async ValueTask<T> Explain<T>(Func<ValueTask<T>> call)
    {
        try
        {
            return await call();
        }
        catch (SqliteException e)
        {
            throw Explain(e);
        }
    }

    private StoreException Explain(SqliteException e) => e.SqliteErrorCode switch
    {
        Full => new StoreException($"The disk of the coordinator's store {folder} is full. Make room there and try again.", e) { Fault = StoreFault.Full },
        Busy or Locked => new StoreException($"Another program holds the coordinator's store {folder}. Try again once it lets go.", e) { Fault = StoreFault.Locked },
        Corrupt or NotADatabase => new StoreException($"The coordinator's store {folder} is damaged: {e.Message}", e) { Fault = StoreFault.Corrupt },
        _ => new StoreException($"The coordinator's store {folder} fails: {e.Message}", e),
    };
}
