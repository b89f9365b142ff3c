using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>How a loss shows.</summary>
public enum FaultKind
{
    /// <summary>A link to the worker closed, or did not open.</summary>
    Link,

    /// <summary>A peer waits for a frame of the worker.</summary>
    Waiting,

    /// <summary>Its training thread does not move on.</summary>
    Stuck,

    /// <summary>It has not been heard of.</summary>
    Silent,

    /// <summary>The connection to it closed, and it does not answer.</summary>
    Closed,

    /// <summary>A later life of it is there.</summary>
    Reborn,

    /// <summary>It serves another job, or none.</summary>
    Gone,

    /// <summary>It says that it cannot go on.</summary>
    Failure,

    /// <summary>It has not entered the generation in time.</summary>
    Late,

    /// <summary>The members' states differ.</summary>
    Disagreement,
}

/// <summary>Something that a generation cannot go on with.</summary>
/// <param name="Worker">Whom it accuses; empty: nobody.</param>
/// <param name="Text">What the reporter said of it.</param>
public sealed record Fault(DateTimeOffset Time, FaultKind Kind, string Reporter, string Worker, ulong Item, ulong Step, string Text)
{
    public Failure.Types.Kind Failure { get; init; }

    /// <summary>Of a link: what came over it is not what was sent.</summary>
    public bool IsCorrupt { get; init; }

    /// <summary>Somebody's memory may have changed: before the next generation all look at their own.</summary>
    public bool CallsForExamination => IsCorrupt || Kind == FaultKind.Disagreement || Failure == Protos.Cluster.Failure.Types.Kind.NotFinite;

    /// <summary>The worker's own word that its memory has changed.</summary>
    public bool IsCorruption => Failure == Protos.Cluster.Failure.Types.Kind.Corruption;

    /// <summary>Of a disagreement.</summary>
    public IReadOnlyDictionary<string, ulong> Hashes { get; init; } = new Dictionary<string, ulong>(StringComparer.Ordinal);

    /// <summary>"its link closed": why the worker that it accuses is lost.</summary>
    public string Why => Kind switch
    {
        FaultKind.Link => $"its link to {Reporter} closed",
        FaultKind.Waiting => $"{Reporter} waited for it in vain",
        FaultKind.Stuck => $"it is stuck in {Text}",
        FaultKind.Silent => "nothing was heard of it",
        FaultKind.Closed => "its connection closed",
        FaultKind.Reborn => "its process was started anew",
        FaultKind.Gone => Text.Length == 0 ? "it serves no job any more" : $"it serves job {Text}",
        FaultKind.Late => "it did not start in time",
        _ => Text,
    };

    /// <summary>A sentence.</summary>
    public string Sentence => Kind switch
    {
        FaultKind.Link => $"Worker {Reporter} lost its link to {Worker} at step {Step}: {Text}",
        FaultKind.Waiting => $"Worker {Reporter} waits at step {Step} for {Text} from {Worker}.",
        FaultKind.Failure => $"Worker {Worker} failed at step {Step}: {Text}",
        FaultKind.Disagreement => $"The workers' states after step {Step} differ.",
        _ => $"Worker {Worker} was lost at step {Step}: {Why}.",
    };
}
