using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Store;

/// <summary>A store of which every call fails, but those that it is given the answers of.</summary>
internal sealed record FailingStore(Func<Exception> Fault) : IJobStore
{
    public IReadOnlyList<JobRow>? Listed { get; init; }

    public Func<IReadOnlyList<string>>? Active { get; init; }

    public Func<string, JobRow?>? Found { get; init; }

    public ValueTask<JobRow> InsertAsync(JobRow row) => throw Fault();

    public ValueTask<JobRow?> FindAsync(string id) => Found is null ? throw Fault() : new(Found(id));

    public ValueTask<bool> TakeTermAsync(string id, ulong term, ulong next) => throw Fault();

    public ValueTask<bool> SaveAsync(JobRow row) => throw Fault();

    public ValueTask<IReadOnlyList<JobRow>> ListAsync(JobQuery query) => Listed is null ? throw Fault() : new(Listed);

    public ValueTask DeleteAsync(string id) => throw Fault();

    public ValueTask<IReadOnlyList<string>> ActiveIdsAsync() => Active is null ? throw Fault() : new(Active());

    public ValueTask<IReadOnlyDictionary<JobState, int>> CountByStateAsync() => throw Fault();

    public ValueTask AppendLogAsync(IReadOnlyList<JobLogLine> lines) => throw Fault();

    public ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(string id, long after, int limit) => throw Fault();

    public ValueTask AddTokenAsync(StoredToken token) => throw Fault();

    public ValueTask AddSessionAsync(StoredToken session, int most) => throw Fault();

    public ValueTask AddSignInCodeAsync(SignInCode code, DateTimeOffset now) => throw Fault();

    public ValueTask<SignInCode?> TakeSignInCodeAsync(string hash) => throw Fault();

    public ValueTask<IReadOnlyList<StoredToken>> TokensAsync() => throw Fault();

    public ValueTask<bool> RemoveTokenAsync(string id) => throw Fault();

    public ValueTask<long> FirstLogAsync(string id) => throw Fault();

    public ValueTask AppendCurvesAsync(IReadOnlyList<JobCurvePoint> points) => throw Fault();

    public ValueTask<IReadOnlyList<StepMetrics>> ReadCurveAsync(string id) => throw Fault();

    public ValueTask<IReadOnlyList<Announcement>> ReadOutboxAsync(string receiver, long after, int limit) => throw Fault();

    public ValueTask RemoveFromOutboxAsync(long number) => throw Fault();

    public ValueTask<int> TrimOutboxAsync(string receiver, DateTimeOffset before, int most) => throw Fault();

    public ValueTask BeatAsync(string address) => throw Fault();

    public ValueTask<IReadOnlyDictionary<string, long>> BeatsAsync() => throw Fault();

    public ValueTask QuarantineAsync(Quarantine entry) => throw Fault();

    public ValueTask<IReadOnlyList<Quarantine>> QuarantinesAsync() => throw Fault();

    public ValueTask ClearAsync(string machine, string device) => throw Fault();

    public void Dispose()
    {
    }
}
