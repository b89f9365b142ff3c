using System.Collections.Immutable;
using Trainer.Coordinator.Scheduling;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>What it wants of the scheduler, and what that gives it.</summary>
public sealed partial record JobMachine
{
    /// <summary>The workers that it is to have, by name; null: not told yet. One without an actor path is nobody the scheduler hears of, but who is not to leave.</summary>
    private ImmutableSortedDictionary<string, WorkerStatus>? Target { get; init; }

    /// <summary>Who takes workers of this job, in words; empty: nobody does.</summary>
    private string Taker { get; init; } = "";

    private JobWanted? Wanted { get; init; }

    private TimeSpan WantedAt { get; init; }

    private bool IsSettled { get; init; }

    /// <summary>Shards that one worker should have together, where there are enough: a batch norm group.</summary>
    private int Unit => Row.Spec.Training.HasBatchNormShards ? (int)Row.Spec.Training.BatchNormShards : 1;

    private int MostMembers => (int)Row.Spec.Training.Shards;

    private Arithmetic? Arithmetic => Row.Spec.WantedArithmetic();

    private JobMachine Aim(Target target)
    {
        if (!WantsWorkers)
        {
            return this; // Told before it was known that the job is settled.
        }

        var workers = target.Workers.ToImmutableSortedDictionary(worker => worker.Worker, worker => worker, StringComparer.Ordinal);
        var taker = target.TakenFor.Length > 0 ? $"job {target.TakenFor}, of priority {target.TakenForPriority}" : "";
        var next = target.Workers.Concat(target.Serving).Where(worker => worker.ActorPath.Length > 0)
            .Aggregate(this with { Target = workers, Taker = taker }, (machine, worker) => machine.Outlive(worker.Worker, worker.Incarnation).Describe(worker));
        return next.Row.State == JobState.Queued && target.Message.Length > 0 ? next.SayInRow(target.Message) : next;
    }

    // What the scheduler knows of a worker: a later life of it proves that the one before is lost; who serves this job may hold its state.
    private JobMachine Describe(WorkerStatus status) => Pool.GetValueOrDefault(status.Worker) switch
    {
        null when status.Job == Row.Id && Phase is Asking or Fencing or Starting => With(JobWorker.Of(status, Uptime)),
        null => this,
        var known when LaterLife(status.Incarnation, known) => Lose(known, FaultKind.Reborn, ""),
        var known when known.Incarnation == status.Incarnation => With(known with { Status = status }),
        _ => this,
    };

    private static bool LaterLife(string incarnation, JobWorker known) => string.CompareOrdinal(incarnation, known.Incarnation) > 0;

    private bool WantsWorkers => Phase is not Ended && !(Phase is Waiting && Row.Desired != Desired.Run);

    private JobMachine TellWanted()
    {
        if (!WantsWorkers)
        {
            return IsSettled ? this : this with { IsSettled = true, Wanted = null, Target = null, Taker = "", Outbox = Outbox.Add(new TellScheduler(new JobSettled { Job = Row.Id })) };
        }

        var wanted = Wants();
        return wanted.Equals(Wanted) && Uptime - WantedAt < Settings.WantedInterval
            ? this
            : this with { IsSettled = false, Wanted = wanted, WantedAt = Uptime, Outbox = Outbox.Add(new TellScheduler(wanted)) };
    }

    private JobWanted Wants() => new()
    {
        Job = Row.Id,
        MinWorkers = Row.MinWorkers,
        MaxWorkers = Math.Min(Row.MaxWorkers, (uint)MostMembers),
        Priority = Row.Priority,
        CreatedUnixMs = Row.Created.ToUnixTimeMilliseconds(),
        Numerics = Row.Numerics,
        Arithmetic = Arithmetic,
        Device = Row.Spec.Cluster.Device,
        User = Row.Creator,
        Workers = { Pool.Values.Where(worker => IsMember(worker) || Uptime - worker.LastSign < Settings.Silence).Select(worker => worker.Name) },
        Avoid = { Avoided() },
        Asking = Phase is Asking or Fencing { AskingSince: not null },
    };
}
