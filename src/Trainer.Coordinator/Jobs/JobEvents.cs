using Google.Protobuf;
using Trainer.Coordinator.Store;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>Something that happened to a job. <see cref="Now"/> is the only clock that decisions know.</summary>
public abstract record JobEvent(DateTimeOffset Now);

/// <summary>Its entity has begun: with a new job, or after it took over the row of one.</summary>
public sealed record Entered(DateTimeOffset Now) : JobEvent(Now);

/// <param name="Secret">New random bytes, by which the members recognise each other.</param>
public sealed record Granted(DateTimeOffset Now, IReadOnlyList<WorkerStatus> Workers, ByteString Secret) : JobEvent(Now);

/// <summary>The scheduler says why it has granted nothing yet.</summary>
public sealed record WaitExplained(DateTimeOffset Now, string Message) : JobEvent(Now);

/// <param name="Sender">The path of the agent that sent it; empty when unknown.</param>
public sealed record Reported(DateTimeOffset Now, WorkerReport Report, string Sender) : JobEvent(Now);

/// <summary>The scheduler misses a worker.</summary>
public sealed record Missed(DateTimeOffset Now, WorkerLost Worker) : JobEvent(Now);

/// <summary>The connection to a process closed or came back. <paramref name="Address"/>: akka.tcp://trainer@host:port.</summary>
public sealed record ConnectionChanged(DateTimeOffset Now, string Address, bool Open) : JobEvent(Now);

public sealed record CancelRequested(DateTimeOffset Now, string Etag) : JobEvent(Now);

/// <summary>Time has passed.</summary>
public sealed record Ticked(DateTimeOffset Now) : JobEvent(Now);

/// <summary>What is to be done, in the order given; nothing after a <see cref="Save"/> that came too late.</summary>
public abstract record JobAction;

public sealed record Save(JobRow Row) : JobAction;

/// <summary>An order to a worker's agent.</summary>
public sealed record Order(string ActorPath, IMessage Message) : JobAction;

public sealed record TellScheduler(IMessage Message) : JobAction;

/// <summary>To whoever caused the event.</summary>
public sealed record Answer(IMessage Message) : JobAction;

/// <summary>The job to its subscribers: now, or, where that is soon enough, with the next round of updates.</summary>
public sealed record Publish(bool AtOnce) : JobAction;

public sealed record WriteLog(string Source, string Message, DateTimeOffset Time) : JobAction;

/// <summary>What a job becomes, and what is to be done about it.</summary>
public sealed record JobDecision(JobMachine Next, IReadOnlyList<JobAction> Actions);
