using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>Jobs and their history, and who may call. What a method has written survives a crash of the machine once the method has returned.</summary>
public interface IJobStore : IDisposable
{
    /// <summary>Adds a job unless its id is there. Returns what is stored under the id afterwards.</summary>
    ValueTask<JobRow> InsertAsync(JobRow row);

    ValueTask<JobRow?> FindAsync(string id);

    /// <summary>Compare-and-swap of a job's term from <paramref name="term"/> to <paramref name="next"/>; false when somebody else took it.</summary>
    ValueTask<bool> TakeTermAsync(string id, ulong term, ulong next);

    /// <summary>
    /// Makes the stored job equal to <paramref name="row"/>.
    /// False, and nothing is written, when the stored term is no longer the row's.
    /// </summary>
    ValueTask<bool> SaveAsync(JobRow row);

    ValueTask<IReadOnlyList<JobRow>> ListAsync(JobQuery query);

    /// <summary>Forgets a job that has ended, with its log; nothing where it has not, or is not there.</summary>
    ValueTask DeleteAsync(string id);

    /// <summary>The ids of the jobs that have not ended, oldest first.</summary>
    ValueTask<IReadOnlyList<string>> ActiveIdsAsync();

    /// <summary>How many jobs there are by state; states without jobs are left out.</summary>
    ValueTask<IReadOnlyDictionary<JobState, int>> CountByStateAsync();

    /// <summary>Numbers the lines of each job in the order given, after those that it has. Lines of jobs that are not there are left out; a job's oldest lines give way to newer ones.</summary>
    ValueTask AppendLogAsync(IReadOnlyList<JobLogLine> lines);

    /// <summary>Of each job the oldest change that a receiver is still to be told, oldest first, of those with numbers above <paramref name="after"/>.</summary>
    ValueTask<IReadOnlyList<Announcement>> ReadOutboxAsync(string receiver, long after, int limit);

    /// <summary>A receiver has been told.</summary>
    ValueTask RemoveFromOutboxAsync(long number);

    /// <summary>Gives up what a receiver has not taken and is older than <paramref name="before"/>, or behind the newest <paramref name="most"/>; how much that was.</summary>
    ValueTask<int> TrimOutboxAsync(string receiver, DateTimeOffset before, int most);

    /// <summary>A coordinator says that it is a member of the cluster.</summary>
    ValueTask BeatAsync(string address);

    /// <summary>How often each coordinator has said so.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> BeatsAsync();

    /// <summary>No job is granted a worker of the entry's machine and device any more. An entry of the same ones is replaced.</summary>
    ValueTask QuarantineAsync(Quarantine entry);

    /// <summary>All entries, oldest first.</summary>
    ValueTask<IReadOnlyList<Quarantine>> QuarantinesAsync();

    /// <summary>Takes the entry of a machine and device out.</summary>
    ValueTask ClearAsync(string machine, string device);

    ValueTask AddTokenAsync(StoredToken token);

    /// <summary>Adds a browser's session; those that have ended go, and of as many as <paramref name="most"/> of one token and user the oldest.</summary>
    ValueTask AddSessionAsync(StoredToken session, int most);

    /// <summary>All tokens, oldest first.</summary>
    ValueTask<IReadOnlyList<StoredToken>> TokensAsync();

    /// <summary>Forgets a token, with the sessions that began by it; false when there is none of that id.</summary>
    ValueTask<bool> RemoveTokenAsync(string id);

    /// <summary>Keeps a code; those that have expired go, and the one that the same token and user had before.</summary>
    ValueTask AddSignInCodeAsync(SignInCode code, DateTimeOffset now);

    /// <summary>Takes a code out, so that nobody else has it; null: there is none of that hash.</summary>
    ValueTask<SignInCode?> TakeSignInCodeAsync(string hash);

    /// <summary>Entries with sequence numbers above <paramref name="after"/>, in order.</summary>
    ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(string id, long after, int limit);

    /// <summary>The number of the oldest entry that is kept; 0: none is.</summary>
    ValueTask<long> FirstLogAsync(string id);

    /// <summary>Keeps steps of jobs' curves; those of a stretch that was told before are replaced, those of jobs that are not there left out.</summary>
    ValueTask AppendCurvesAsync(IReadOnlyList<JobCurvePoint> points);

    /// <summary>The steps that are kept of a job, in order.</summary>
    ValueTask<IReadOnlyList<StepMetrics>> ReadCurveAsync(string id);
}

/// <summary>What is wrong with a store.</summary>
public enum StoreFault
{
    Failed,
    Full,
    Locked,
    Corrupt,
    Unavailable,
}

/// <summary>The store cannot be used; the message says why and what would help.</summary>
public sealed class StoreException(string message, Exception? inner = null) : Exception(message, inner)
{
    public StoreFault Fault { get; init; }

    /// <summary>What calls that need the store fail with.</summary>
    public StatusCode Status => Fault switch
    {
        StoreFault.Full => StatusCode.ResourceExhausted,
        StoreFault.Locked or StoreFault.Unavailable => StatusCode.Unavailable,
        StoreFault.Corrupt => StatusCode.DataLoss,
        _ => StatusCode.Internal,
    };

    /// <summary>A word for programs.</summary>
    public string Reason => Fault switch
    {
        StoreFault.Full => "STORE_FULL",
        StoreFault.Locked => "STORE_LOCKED",
        StoreFault.Corrupt => "STORE_CORRUPT",
        StoreFault.Unavailable => "STORE_UNAVAILABLE",
        _ => "STORE_FAILED",
    };
}
