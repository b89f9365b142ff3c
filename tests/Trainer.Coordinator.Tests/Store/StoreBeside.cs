using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Store;

/// <summary>A store to which others do something at a moment of a test's choice.</summary>
internal sealed record StoreBeside(IJobStore Store) : IJobStore
{
    /// <summary>Right before a term is taken.</summary>
    public Func<Task> BeforeTerm { get; init; } = () => Task.CompletedTask;

    /// <summary>Once a list has been read, before it is handed out.</summary>
    public Func<Task> AfterList { get; init; } = () => Task.CompletedTask;

    public ValueTask<JobRow> InsertAsync(JobRow row) => Store.InsertAsync(row);

    public ValueTask<JobRow?> FindAsync(string id) => Store.FindAsync(id);

    public async ValueTask<bool> TakeTermAsync(string id, ulong term, ulong next)
    {
        await BeforeTerm();
        return await Store.TakeTermAsync(id, term, next);
    }

    public ValueTask<bool> SaveAsync(JobRow row) => Store.SaveAsync(row);

    public async ValueTask<IReadOnlyList<JobRow>> ListAsync(JobQuery query)
    {
        var rows = await Store.ListAsync(query);
        await AfterList();
        return rows;
    }

    public ValueTask DeleteAsync(string id) => Store.DeleteAsync(id);

    public ValueTask<IReadOnlyList<string>> ActiveIdsAsync() => Store.ActiveIdsAsync();

    public ValueTask<IReadOnlyDictionary<JobState, int>> CountByStateAsync() => Store.CountByStateAsync();

    public ValueTask AppendLogAsync(IReadOnlyList<JobLogLine> lines) => Store.AppendLogAsync(lines);

    public ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(string id, long after, int limit) => Store.ReadLogAsync(id, after, limit);

    public ValueTask AddTokenAsync(StoredToken token) => Store.AddTokenAsync(token);

    public ValueTask AddSessionAsync(StoredToken session, int most) => Store.AddSessionAsync(session, most);

    public ValueTask AddSignInCodeAsync(SignInCode code, DateTimeOffset now) => Store.AddSignInCodeAsync(code, now);

    public ValueTask<SignInCode?> TakeSignInCodeAsync(string hash) => Store.TakeSignInCodeAsync(hash);

    public ValueTask<IReadOnlyList<StoredToken>> TokensAsync() => Store.TokensAsync();

    public ValueTask<bool> RemoveTokenAsync(string id) => Store.RemoveTokenAsync(id);

    public ValueTask<long> FirstLogAsync(string id) => Store.FirstLogAsync(id);

    public ValueTask AppendCurvesAsync(IReadOnlyList<JobCurvePoint> points) => Store.AppendCurvesAsync(points);

    public ValueTask<IReadOnlyList<StepMetrics>> ReadCurveAsync(string id) => Store.ReadCurveAsync(id);

    public ValueTask<IReadOnlyList<Announcement>> ReadOutboxAsync(string receiver, long after, int limit) => Store.ReadOutboxAsync(receiver, after, limit);

    public ValueTask RemoveFromOutboxAsync(long number) => Store.RemoveFromOutboxAsync(number);

    public ValueTask<int> TrimOutboxAsync(string receiver, DateTimeOffset before, int most) => Store.TrimOutboxAsync(receiver, before, most);

    public ValueTask BeatAsync(string address) => Store.BeatAsync(address);

    public ValueTask<IReadOnlyDictionary<string, long>> BeatsAsync() => Store.BeatsAsync();

    public ValueTask QuarantineAsync(Quarantine entry) => Store.QuarantineAsync(entry);

    public ValueTask<IReadOnlyList<Quarantine>> QuarantinesAsync() => Store.QuarantinesAsync();

    public ValueTask ClearAsync(string machine, string device) => Store.ClearAsync(machine, device);

    public void Dispose() => Store.Dispose();
}
