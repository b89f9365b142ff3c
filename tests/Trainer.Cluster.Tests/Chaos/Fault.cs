using Trainer.Node.Training;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>What is done to a cluster.</summary>
public enum FaultKind
{
    /// <summary>SIGKILL of a worker.</summary>
    Kill,

    /// <summary>SIGSTOP of a worker, and SIGCONT after a while.</summary>
    Stop,

    /// <summary>Many short pauses of a worker.</summary>
    Slow,

    /// <summary>One more worker process.</summary>
    Join,

    /// <summary>A worker is drained, and may come back later.</summary>
    Drain,

    /// <summary>SIGTERM of a worker: it leaves in good order, and its supervisor starts it again.</summary>
    Terminate,

    /// <summary>SIGKILL of the coordinator.</summary>
    Coordinator,

    /// <summary>SIGKILL of all workers.</summary>
    All,

    /// <summary>One more worker process, which kills itself at a moment of its work.</summary>
    DieAt,

    /// <summary>One more worker process, which stands still at a moment of its work for a while.</summary>
    StopAt,
}

/// <summary>One fault of a schedule.</summary>
/// <param name="AfterSteps">Committed steps since the fault before it; 0: at once, while the cluster may still be busy with that.</param>
/// <param name="Victim">Among those whom it may strike, modulo their number.</param>
/// <param name="Seconds">How long it lasts, where it lasts.</param>
/// <param name="Moment">Of DieAt and StopAt.</param>
/// <param name="Count">The moment's occurrence.</param>
/// <param name="LeadsRanks">Of DieAt and StopAt: the worker's name puts it before all others, and so makes it rank 0; else it is the last.</param>
public sealed record Fault(FaultKind Kind, int AfterSteps, int Victim, double Seconds, Moment Moment = Moment.Forward, int Count = 1, bool LeadsRanks = false)
{
    /// <summary>As tables name it.</summary>
    public string Name => Kind switch
    {
        FaultKind.DieAt => $"die at {Moment}",
        FaultKind.StopAt => $"stop at {Moment}",
        _ => Kind.ToString().ToLowerInvariant(),
    };

    public override string ToString() => Kind is FaultKind.DieAt or FaultKind.StopAt ? $"{Name} {Count}{(LeadsRanks ? ", rank 0" : "")}" : Name;
}
