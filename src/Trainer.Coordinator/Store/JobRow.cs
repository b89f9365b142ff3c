using System.Collections.Immutable;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Store;

/// <summary>Everything that is remembered of a job: the truth, which its entity alone changes. Protobuf messages in it are never modified.</summary>
public sealed record JobRow
{
    public required string Id { get; init; }

    public required string RequestId { get; init; }

    /// <summary>Tells whether the same request comes again or another one under its id; empty in rows that release 0.1 wrote.</summary>
    public required string RequestHash { get; init; }

    /// <summary>With all defaults filled in.</summary>
    public required JobSpec Spec { get; init; }

    /// <summary>Paths of what the stored spec says and this release does not know: a later release wrote it, and has to run it.</summary>
    public ImmutableArray<string> UnknownFields { get; init; } = [];

    public required JobState State { get; init; }

    /// <summary>Why it is in this state.</summary>
    public required string Message { get; init; }

    /// <summary>Who may write: an entity takes the next term by compare-and-swap before it speaks (protocol rule 4).</summary>
    public required ulong Term { get; init; }

    /// <summary>The generation that the job's workers serve; (0, 0) before the first one.</summary>
    public Generation Generation { get; init; } = new();

    /// <summary>Who computes what in <see cref="Generation"/>; null before the first one.</summary>
    public Assignment? Assignment { get; init; }

    /// <summary>The arithmetic that the job is pinned to; empty before the first generation.</summary>
    public string Numerics { get; init; } = "";

    public required DateTimeOffset Created { get; init; }

    /// <summary>First RUNNING.</summary>
    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Ended { get; init; }

    /// <summary>Counts the writes; its text is the etag.</summary>
    public required long Version { get; init; }

    /// <summary>As of the last write; the entity knows it more exactly.</summary>
    public Progress? Progress { get; init; }

    public Result? Result { get; init; }

    public ImmutableList<Transition> Transitions { get; init; } = [];

    /// <summary>Epochs 1, 2, ... without gaps.</summary>
    public ImmutableList<EpochSummary> Epochs { get; init; } = [];

    /// <summary>Whether the request is the one that made the job, come again.</summary>
    public bool IsMadeBy(string requestId, string requestHash) => RequestId == requestId && (RequestHash.Length == 0 || RequestHash == requestHash);

    public static string MadeByAnother(string id) => $"Job {id} was made by another request with this request_id. Each job needs a request_id of its own.";

    public bool HasEnded => State.HasEnded();

    /// <summary>The job as the API shows it.</summary>
    public Job ToJob() => new()
    {
        Id = Id,
        Spec = Spec,
        State = State,
        Message = Message,
        Etag = $"{Version}",
        CreateTime = Created.ToTimestamp(),
        StartTime = Started?.ToTimestamp(),
        EndTime = Ended?.ToTimestamp(),
        Progress = Progress,
        Epochs = { Epochs },
        Result = Result,
        Transitions = { Transitions },
        Workers = { Assignment?.Members.Select(member => member.Worker) ?? [] },
        Numerics = Numerics,
        Term = Generation.Term,
        Generation = Generation.Number,
    };
}

public static class JobStates
{
    /// <summary>In these a job never changes again.</summary>
    public static IReadOnlyList<JobState> Ended { get; } = [JobState.Succeeded, JobState.Failed, JobState.Cancelled];

    /// <summary>As users read and write it: QUEUED.</summary>
    public static string Name(this JobState state) => EnumNames.Bare(Descriptor, (int)state);

    /// <summary>QUEUED, STARTING ... or CANCELLED.</summary>
    public static string EitherName => EnumNames.Either(Descriptor);

    private static EnumDescriptor Descriptor => JobServiceReflection.Descriptor.FindTypeByName<EnumDescriptor>(nameof(JobState));

    public static bool HasEnded(this JobState state) => state is JobState.Succeeded or JobState.Failed or JobState.Cancelled;
}
