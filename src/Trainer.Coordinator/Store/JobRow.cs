using System.Collections.Immutable;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Store;

/// <summary>Everything that is remembered of a job: the truth, which its entity alone changes. Protobuf messages in it are never modified.</summary>
public sealed record JobRow
{
    private static readonly ImmutableSortedDictionary<string, string> NoLabels = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

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

    /// <summary>What it computes again, where it verifies another job.</summary>
    public Verification? Verification { get; init; }

    /// <summary>Another job's checkpoint that it begins with; null: the initial state. Never its own to delete.</summary>
    public Checkpoint? Origin { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>First RUNNING.</summary>
    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Ended { get; init; }

    /// <summary>Counts the writes that change what users see; its text is the etag.</summary>
    public required long Version { get; init; }

    /// <summary>As of the last write; the entity knows it more exactly.</summary>
    public Progress? Progress { get; init; }

    public Result? Result { get; init; }

    /// <summary>What the user wants of it.</summary>
    public Desired Desired { get; init; }

    /// <summary>Said since it was submitted; null: as the spec says.</summary>
    public uint? MinWorkersSince { get; init; }

    /// <inheritdoc cref="MinWorkersSince"/>
    public uint? MaxWorkersSince { get; init; }

    /// <inheritdoc cref="MinWorkersSince"/>
    public int? PrioritySince { get; init; }

    /// <summary>By which its user finds it.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = NoLabels;

    /// <summary>Its user's own words.</summary>
    public string Notes { get; init; } = "";

    /// <summary>Who submitted it, as the caller said; empty: nobody said.</summary>
    public string Creator { get; init; } = "";

    /// <summary>The last committed state that is known of; as <see cref="Progress"/>, of the last write.</summary>
    public StateId Committed { get; init; } = new();

    /// <summary>On disk, oldest first. Those behind the newest few that the spec keeps are no longer started from, and named to be deleted.</summary>
    public ImmutableList<Checkpoint> Checkpoints { get; init; } = [];

    /// <summary>Whom it does without for a while.</summary>
    public ImmutableList<Eviction> Evictions { get; init; } = [];

    /// <summary>Its generations, in order.</summary>
    public ImmutableList<JournalEntry> Journal { get; init; } = [];

    public ImmutableList<Transition> Transitions { get; init; } = [];

    /// <summary>Epochs 1, 2, ... without gaps.</summary>
    public ImmutableList<EpochSummary> Epochs { get; init; } = [];

    /// <summary>Whether the request is the one that made the job, come again.</summary>
    public bool IsMadeBy(string requestId, string requestHash) => RequestId == requestId && (RequestHash.Length == 0 || RequestHash == requestHash);

    public static string MadeByAnother(string id) => $"Job {id} was made by another request with this request_id. Each job needs a request_id of its own.";

    public bool HasEnded => State.HasEnded();

    public uint MinWorkers => MinWorkersSince ?? Spec.Cluster.MinWorkers;

    public uint MaxWorkers => MaxWorkersSince ?? Spec.Cluster.MaxWorkers;

    public int Priority => PrioritySince ?? Spec.Cluster.Priority;

    /// <summary>As it is now, with what was said since it was submitted.</summary>
    private JobSpec SpecNow()
    {
        if (MinWorkersSince is null && MaxWorkersSince is null && PrioritySince is null)
        {
            return Spec;
        }

        var spec = Spec.Clone();
        (spec.Cluster.MinWorkers, spec.Cluster.MaxWorkers, spec.Cluster.Priority) = (MinWorkers, MaxWorkers, Priority);
        return spec;
    }

    /// <summary>The job as the API shows it.</summary>
    public Job ToJob() => new()
    {
        Id = Id,
        Spec = SpecNow(),
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
        Verification = Verification,
        Labels = { Labels },
        Notes = Notes,
        Creator = Creator,
    };
}

/// <summary>Reasons of transitions that somebody looks for.</summary>
public static class TransitionReasons
{
    /// <summary>A job of higher priority took all workers; this one goes on by itself.</summary>
    public const string Preempted = "Preempted";
}

/// <summary>What a job's user wants of it. Its numbers are stored.</summary>
public enum Desired
{
    Run = 0,
    Suspend = 1,
    Cancel = 2,
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
