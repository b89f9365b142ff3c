using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Store;

/// <summary>A store of which every call fails.</summary>
internal sealed class FailingStore(Func<Exception> fault) : IJobStore
{
    public ValueTask<JobRow> InsertAsync(JobRow row) => throw fault();

    public ValueTask<JobRow?> FindAsync(string id) => throw fault();

    public ValueTask<bool> TakeTermAsync(string id, ulong term, ulong next) => throw fault();

    public ValueTask<bool> SaveAsync(JobRow row) => throw fault();

    public ValueTask<IReadOnlyList<JobRow>> ListAsync(IReadOnlyCollection<JobState> states, JobCursor? after, int limit) => throw fault();

    public ValueTask<IReadOnlyList<string>> ActiveIdsAsync() => throw fault();

    public IReadOnlyDictionary<JobState, int> CountByState() => throw fault();

    public ValueTask AppendLogAsync(string id, string source, string message, DateTimeOffset time) => throw fault();

    public ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(string id, long after, int limit) => throw fault();

    public ValueTask QuarantineAsync(Quarantine entry) => throw fault();

    public ValueTask<IReadOnlyList<Quarantine>> QuarantinesAsync() => throw fault();

    public ValueTask ClearAsync(string machine, string device) => throw fault();

    public void Dispose()
    {
    }
}
