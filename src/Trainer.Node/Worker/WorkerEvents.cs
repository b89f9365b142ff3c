using Google.Protobuf;
using Trainer.Node.Links;
using Trainer.Node.States;
using Trainer.Node.Training;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Worker;

/// <summary>What a decision may look at besides the machine: how far the training is at the moment.</summary>
/// <param name="Step">In flight, as users count them.</param>
/// <param name="Item">In flight.</param>
/// <param name="AtRest">The thread that computes waits for an order.</param>
internal sealed record Vitals(ulong Step, ulong Item, ulong Committed, IReadOnlyList<EpochSummary> Epochs, bool AtRest)
{
    /// <summary>As <see cref="ShareMeter"/> has them.</summary>
    public (double ShardSeconds, double UpdateSeconds) Speed { get; init; }

    public static Vitals None { get; } = new(0, 0, 0, [], AtRest: true);
}

/// <summary>Something that happened to a worker.</summary>
internal abstract record WorkerEvent;

/// <param name="Order">Enlist, Start, Hold, Fence, Save, Release or Query.</param>
/// <param name="Held">Of an order that ends generations: what the worker holds from then on.</param>
internal sealed record Ordered(IMessage Order, LedgerEntry? Held = null) : WorkerEvent;

internal sealed record JobLoaded : WorkerEvent;

/// <summary>The state that a generation begins with is there.</summary>
/// <param name="Note">For the job's log; null: nothing to say.</param>
internal sealed record StateTaken(GenerationNumber Generation, string? Note) : WorkerEvent;

internal sealed record LinkUp(GenerationNumber Generation, int Rank) : WorkerEvent;

/// <param name="Opened">It was up before.</param>
/// <param name="IsCorrupt">What came over it is not what was sent.</param>
internal sealed record LinkGone(GenerationNumber Generation, int Rank, string Reason, bool Opened, bool IsCorrupt = false) : WorkerEvent;

internal sealed record ItemsCommitted(GenerationNumber Generation, CommittedProgress Progress) : WorkerEvent;

internal sealed record SegmentOver(GenerationNumber Generation, SegmentEnd End, HeldState State) : WorkerEvent;

/// <param name="Generation">(0, 0): outside any.</param>
internal sealed record DriverFailed(GenerationNumber Generation, Failure Failure) : WorkerEvent;

internal sealed record FramesMissing(GenerationNumber Generation, Waiting Waiting) : WorkerEvent;

internal sealed record StatesDiffer(GenerationNumber Generation, Disagreement Disagreement) : WorkerEvent;

/// <param name="Answer">Saved or SaveFailed.</param>
internal sealed record SaveAnswered(string Id, IMessage Answer) : WorkerEvent;

/// <summary>What is free where checkpoints go.</summary>
internal sealed record RoomKnown(GenerationNumber Generation, Room Room) : WorkerEvent;

/// <summary>Something beside the job's states could not be written.</summary>
internal sealed record RecordNotWritten(RecordFailed Failed) : WorkerEvent;

/// <summary>The thread that computes has ended, and nothing is held any more.</summary>
internal sealed record DriverOver : WorkerEvent;

/// <summary>Time to say something: once a second.</summary>
internal sealed record Ticked : WorkerEvent;

/// <summary>No more jobs; the one that is served is left in good order.</summary>
internal sealed record LeaveAsked : WorkerEvent;

/// <summary>Let go of everything at once, then end.</summary>
internal sealed record QuitAsked : WorkerEvent;

/// <summary>The thread that computes has been at the same for too long.</summary>
internal sealed record ThreadStuck(Stuck Stuck) : WorkerEvent;

/// <summary>What a worker is to do.</summary>
internal abstract record WorkerAction;

internal sealed record Say(WorkerReport Report) : WorkerAction;

internal sealed record SayStatus : WorkerAction;

/// <summary>Begin to serve a job: load it.</summary>
internal sealed record BeginJob(Enlist Order) : WorkerAction;

/// <summary>Leave the generation that was, take the state and open the links of this one.</summary>
internal sealed record EnterGeneration(Start Order) : WorkerAction;

/// <summary>State and links are there: exchange and compute.</summary>
internal sealed record BeginTraining : WorkerAction;

/// <summary>Stop computing between two operations, and close the links.</summary>
internal sealed record LeaveGeneration : WorkerAction;

/// <summary>The generation is to end with an item that all members apply.</summary>
internal sealed record HoldGeneration : WorkerAction;

internal sealed record SaveState(Save Order) : WorkerAction;

/// <summary>Drop all that the worker holds for the job.</summary>
internal sealed record EndJob : WorkerAction;

/// <summary>It serves no job and takes none: who asked it to leave may know.</summary>
internal sealed record SayLeft : WorkerAction;

/// <summary>The worker ends.</summary>
internal sealed record End : WorkerAction;

/// <summary>What a worker becomes, and what it is to do about it, in the order given.</summary>
internal sealed record WorkerDecision(WorkerMachine Next, IReadOnlyList<WorkerAction> Actions);
