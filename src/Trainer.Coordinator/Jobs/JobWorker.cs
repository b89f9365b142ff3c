using System.Collections.Immutable;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>What a worker last said that it does (Alive.phase).</summary>
public enum WorkerPhase
{
    /// <summary>Nothing has been heard of it yet.</summary>
    Unheard,
    Loading,
    Standby,
    Entering,
    Training,
    Broken,
    Held,
    Finished,
    Fenced,
    Failed,
}

/// <summary>What a job's entity knows of a worker that serves it, or is to. Not stored: an entity that comes back asks.</summary>
/// <param name="Status">As the scheduler, or the row, describes it.</param>
/// <param name="ActorPath">Where orders go: where the last report came from.</param>
public sealed record JobWorker(WorkerStatus Status, string ActorPath)
{
    public WorkerPhase Phase { get; init; }

    /// <summary>That it is in; (0, 0): none yet.</summary>
    public Generation Generation { get; init; } = new();

    public ImmutableList<StateId> Held { get; init; } = [];

    /// <summary>The highest item that it knows to be committed.</summary>
    public ulong Committed { get; init; }

    /// <summary>It has said so; not every report does.</summary>
    public bool HasSaidCommitted { get; init; }

    /// <summary>To all members of its generation.</summary>
    public bool IsLinked { get; init; }

    public uint EpochsClosed { get; init; }

    /// <summary>That it computes one shard, by its own measure; 0: not known yet.</summary>
    public double ShardSeconds { get; init; }

    /// <summary>That a step takes it beside that.</summary>
    public double UpdateSeconds { get; init; }

    /// <summary>When it last showed that it lives.</summary>
    public TimeSpan LastSign { get; init; }

    /// <summary>Since when it waits for a generation.</summary>
    public TimeSpan? ReadySince { get; init; }

    /// <summary>Since when the connection to it is closed.</summary>
    public TimeSpan? SuspectedSince { get; init; }

    public string Name => Status.Worker;

    public string Incarnation => Status.Incarnation;

    /// <summary>It holds a state, or may.</summary>
    public bool HasState => Phase is not (WorkerPhase.Unheard or WorkerPhase.Loading or WorkerPhase.Standby);

    public bool CanSave => Phase is WorkerPhase.Training or WorkerPhase.Held or WorkerPhase.Finished;

    public static JobWorker Of(WorkerStatus status, TimeSpan now) => new(status, status.ActorPath) { LastSign = now };

    /// <summary>As the row has it.</summary>
    public static JobWorker Of(Member member, TimeSpan now) => Of(
        new WorkerStatus
        {
            Worker = member.Worker,
            Incarnation = member.Incarnation,
            Host = member.Host,
            Machine = member.Machine,
            DeviceName = member.DeviceName,
            ActorPath = member.ActorPath,
            LinkEndpoints = { member.LinkEndpoints },
        },
        now);

    /// <summary>A worker of whom nothing but its report is known.</summary>
    public static JobWorker Of(WorkerReport report, string sender, TimeSpan now) =>
        Of(new WorkerStatus { Worker = report.Worker, Incarnation = report.Incarnation, ActorPath = sender }, now);

    /// <summary>Where others find it.</summary>
    public Member ToMember() => new()
    {
        Worker = Name,
        Incarnation = Incarnation,
        Host = Status.Host,
        Machine = Status.Machine,
        DeviceName = Status.DeviceName,
        ActorPath = ActorPath,
        LinkEndpoints = { Status.LinkEndpoints },
    };

    /// <summary>What it is after what it said.</summary>
    public JobWorker Hear(WorkerReport report, string sender, TimeSpan now)
    {
        var phase = PhaseAfter(report);
        var saysCommitted = report.ReportCase is WorkerReport.ReportOneofCase.Alive or WorkerReport.ReportOneofCase.Standby or WorkerReport.ReportOneofCase.Fenced
            or WorkerReport.ReportOneofCase.Held or WorkerReport.ReportOneofCase.Finished;
        var isReady = phase is not (WorkerPhase.Unheard or WorkerPhase.Loading or WorkerPhase.Failed);
        var heard = this with
        {
            ActorPath = sender.Length > 0 ? sender : ActorPath,
            Phase = phase,
            Generation = report.Generation ?? new Generation(),
            HasSaidCommitted = HasSaidCommitted || saysCommitted,
            LastSign = now,
            SuspectedSince = null,
            ReadySince = isReady ? ReadySince ?? now : null,
        };
        return report.ReportCase switch
        {
            WorkerReport.ReportOneofCase.Standby => heard with { Held = [.. report.Standby.Held], Committed = report.Standby.Committed },
            WorkerReport.ReportOneofCase.Fenced => heard with { Held = [.. report.Fenced.Held], Committed = report.Fenced.Committed },
            WorkerReport.ReportOneofCase.Held => heard with { Held = [report.Held.State], Committed = report.Held.State.Item },
            WorkerReport.ReportOneofCase.Finished => heard with { Held = [report.Finished.State], Committed = report.Finished.State.Item },
            WorkerReport.ReportOneofCase.Step when report.Step.Committed is { } state => heard with { Committed = state.Item },
            WorkerReport.ReportOneofCase.Alive => heard with
            {
                Committed = report.Alive.Committed,
                IsLinked = report.Alive.IsLinked,
                EpochsClosed = report.Alive.EpochsClosed,
                ShardSeconds = report.Alive.ShardSeconds > 0 ? report.Alive.ShardSeconds : ShardSeconds,
                UpdateSeconds = report.Alive.ShardSeconds > 0 ? report.Alive.UpdateSeconds : UpdateSeconds,
            },
            _ => heard,
        };
    }

    // In one generation phases only follow each other: what says less came late. Who says something else in a later one has entered it.
    private WorkerPhase PhaseAfter(WorkerReport report)
    {
        var (said, order) = (PhaseIn(report), Generations.Compare(report.Generation, Generation));
        return order > 0 ? said ?? WorkerPhase.Entering : said > Phase ? said.Value : Phase;
    }

    private static WorkerPhase? PhaseIn(WorkerReport report) => report.ReportCase switch
    {
        WorkerReport.ReportOneofCase.Alive => Enum.TryParse<WorkerPhase>(report.Alive.Phase, ignoreCase: true, out var phase) ? phase : null,
        WorkerReport.ReportOneofCase.Standby => WorkerPhase.Standby,
        WorkerReport.ReportOneofCase.Started or WorkerReport.ReportOneofCase.Step => WorkerPhase.Training,
        WorkerReport.ReportOneofCase.LinkLost => WorkerPhase.Broken,
        WorkerReport.ReportOneofCase.Failure => report.Generation is { Number: > 0 } ? WorkerPhase.Broken : WorkerPhase.Failed,
        WorkerReport.ReportOneofCase.Held => WorkerPhase.Held,
        WorkerReport.ReportOneofCase.Finished => WorkerPhase.Finished,
        WorkerReport.ReportOneofCase.Fenced => WorkerPhase.Fenced,
        _ => null, // Epochs, logs, saved files and complaints say nothing of it.
    };
}
