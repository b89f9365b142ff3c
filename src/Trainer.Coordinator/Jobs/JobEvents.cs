using Google.Protobuf;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>Something that happened to a job. <see cref="Now"/> is the only clock that decisions know.</summary>
public abstract record JobEvent(DateTimeOffset Now);

/// <summary>Its entity has begun: with a new job, or after it took over the row of one.</summary>
public sealed record Entered(DateTimeOffset Now) : JobEvent(Now);

/// <summary>The scheduler says which workers the job is to have.</summary>
public sealed record Targeted(DateTimeOffset Now, Target Target) : JobEvent(Now);

/// <param name="Sender">The path of the agent that sent it; empty when unknown.</param>
public sealed record Reported(DateTimeOffset Now, WorkerReport Report, string Sender) : JobEvent(Now);

/// <summary>The connection to a process closed or came back. <paramref name="Address"/>: akka.tcp://trainer@host:port.</summary>
public sealed record ConnectionChanged(DateTimeOffset Now, string Address, bool Open) : JobEvent(Now);

/// <summary>A user wants something changed.</summary>
/// <param name="Etag">Of the job that the user saw; empty: whatever it is now.</param>
/// <param name="By">The user, as the caller said; empty: nobody said.</param>
public abstract record JobRequest(DateTimeOffset Now, string Etag, string By) : JobEvent(Now);

public sealed record CancelRequested(DateTimeOffset Now, string Etag, string By = "") : JobRequest(Now, Etag, By);

public sealed record SuspendRequested(DateTimeOffset Now, string Etag, string By = "") : JobRequest(Now, Etag, By);

public sealed record ResumeRequested(DateTimeOffset Now, string Etag, string By = "") : JobRequest(Now, Etag, By);

public sealed record ChangeRequested(DateTimeOffset Now, ChangeJob Change) : JobRequest(Now, Change.Etag, By: "")
{
    /// <summary>It changes nothing but what users say of the job.</summary>
    public bool IsMereWords => !Change.HasMinWorkers && !Change.HasMaxWorkers && !Change.HasPriority;
}

public sealed record DeleteRequested(DateTimeOffset Now, string Etag) : JobRequest(Now, Etag, By: "");

/// <summary>Time has passed.</summary>
public sealed record Ticked(DateTimeOffset Now) : JobEvent(Now);

/// <summary>What is to be done, in the order given; nothing after a <see cref="SaveRow"/> that came too late.</summary>
public abstract record JobAction;

public sealed record SaveRow(JobRow Row) : JobAction;

/// <summary>Nothing is remembered of the job any more.</summary>
public sealed record DeleteRow : JobAction;

/// <summary>An order to a worker's agent.</summary>
public sealed record Order(string ActorPath, IMessage Message) : JobAction;

/// <summary>A worker's machine is in quarantine: stored first, then said to the scheduler.</summary>
public sealed record StoreQuarantine(Quarantine Entry) : JobAction;

public sealed record TellScheduler(IMessage Message) : JobAction;

/// <summary>The job, as it is now, to whoever caused the event.</summary>
public sealed record AnswerWithJob : JobAction;

/// <summary>No, and why, to whoever caused the event.</summary>
public sealed record Refuse(JobRefused Refusal) : JobAction;

/// <summary>The job to its subscribers: now, or, where that is soon enough, with the next round of updates.</summary>
public sealed record Publish(bool AtOnce) : JobAction;

/// <summary>A line for the job's log, which waits for nobody.</summary>
public sealed record WriteLog(string Source, string Message, DateTimeOffset Time, LogSeverity Level = LogSeverity.Info) : JobAction;

/// <summary>Steps for the job's curve, which wait for nobody either.</summary>
public sealed record WriteCurve(IReadOnlyList<CurvePoint> Points) : JobAction;

/// <summary>Something of the job could not be written, or read.</summary>
public sealed record CountFailure(ArtifactFailure Failure) : JobAction;

/// <summary>A job of higher priority got workers of this one.</summary>
public sealed record CountPreemption(Preemption What) : JobAction;

/// <summary>A worker was lost, or is left out: lost, stuck, late, failed, links, corruption.</summary>
public sealed record CountEviction(string Kind) : JobAction;

/// <summary>Items were committed, or applied, and are computed again.</summary>
public sealed record CountRedone(ulong Items) : JobAction;

/// <summary>A generation has committed its first item.</summary>
/// <param name="IsRecovery">After a loss; else after a planned change.</param>
/// <param name="Pause">Since the loss was noticed, or since all were told to hold.</param>
public sealed record MeasurePause(bool IsRecovery, TimeSpan Pause) : JobAction;

/// <summary>A worker obeys a term above the row's that this entity took: the entity must begin anew, with a term above it unless another has it.</summary>
public sealed record BeginAnew(ulong HeardTerm) : JobAction;

/// <summary>What a job becomes, and what is to be done about it.</summary>
public sealed record JobDecision(JobMachine Next, IReadOnlyList<JobAction> Actions);
