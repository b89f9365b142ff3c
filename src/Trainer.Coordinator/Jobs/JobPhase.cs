using System.Collections.Immutable;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>Where a job's entity is in its work. One value: what is not in it, or in the row, is not remembered. Times are of the machine's own clock.</summary>
public abstract record JobPhase;

/// <summary>It has no workers, or is not to run.</summary>
public sealed record Waiting : JobPhase;

/// <summary>The entity is new to a job that has a generation: who serves it?</summary>
public sealed record Asking(TimeSpan Since) : JobPhase;

/// <summary>Workers load; nobody has, or no living worker has, the state. The first generation begins once enough of them are ready.</summary>
/// <param name="ItemsLost">Committed before, and to be computed again.</param>
/// <param name="FaultTime">When they were lost.</param>
public sealed record Starting(ulong ItemsLost = 0, DateTimeOffset? FaultTime = null) : JobPhase;

/// <summary>The row's generation enters, then trains.</summary>
/// <param name="From">The state that it began with.</param>
/// <param name="Message">What is said once all have entered.</param>
/// <param name="IsEstablished">All have entered.</param>
public sealed record Running(StateId From, TimeSpan Since, string Reason, string Message, bool IsEstablished = false) : JobPhase
{
    /// <summary>From whom members without the state get it.</summary>
    public ImmutableList<Member> Holders { get; init; } = [];

    /// <summary>Where nobody holds it.</summary>
    public Checkpoint? Checkpoint { get; init; }

    /// <summary>All look first whether their memory has changed.</summary>
    public bool Examine { get; init; }
}

/// <summary>Why a generation is to end in good order.</summary>
public enum HoldReason
{
    /// <summary>Other members.</summary>
    Change,

    /// <summary>The same members with other shares.</summary>
    Shares,

    /// <summary>Its user suspends it.</summary>
    Suspend,

    /// <summary>Nobody goes on with it for now: too few workers, or all leave.</summary>
    GiveBack,

    /// <summary>It has trained for as long as it may.</summary>
    OutOfTime,
}

/// <summary>All members are to stop after one item; where nobody goes on, one of them writes a checkpoint.</summary>
public sealed record Holding(HoldReason Why, StateId From, string Message, Saving? Saving = null) : JobPhase;

/// <summary>Somebody was lost: who is still there, and what do they hold?</summary>
/// <param name="Number">Of the Fence.</param>
/// <param name="FaultTime">When the loss was noticed; null: while the entity was away.</param>
/// <param name="Cause">A sentence.</param>
/// <param name="From">The state that the broken generation began with.</param>
/// <param name="Former">Who was in the broken generation: by name, the incarnation.</param>
public sealed record Fencing(ulong Number, TimeSpan Since, DateTimeOffset? FaultTime, string Cause, StateId From, ImmutableSortedDictionary<string, string> Former) : JobPhase
{
    public ImmutableSortedDictionary<string, Fenced> Answers { get; init; } = ImmutableSortedDictionary<string, Fenced>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>Nobody who holds the state has answered: since when it is looked for.</summary>
    public TimeSpan? AskingSince { get; init; }

    /// <summary>What the answers mean, where it is acted on later: losses come one after another.</summary>
    public Verdict? Verdict { get; init; }

    public TimeSpan NotBefore { get; init; }
}

/// <summary>All have applied the last item: one writes the result.</summary>
public sealed record Ending(StateId State, TimeSpan Since, Saving? Saving = null, Saved? Saved = null) : JobPhase;

/// <summary>Nothing follows.</summary>
public sealed record Ended : JobPhase;

/// <summary>Who was asked to write a state, and who could not.</summary>
public sealed record Saving(string Id, string Worker, TimeSpan Since, ImmutableList<string> Failed, string Problem = "");
