using System.Collections.Immutable;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>The scheduler's patience.</summary>
public sealed record SchedulerSettings
{
    /// <summary>A worker without a status for so long is forgotten; a job that counts on it keeps it.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A job that is not heard of for so long wants nothing any more.</summary>
    public TimeSpan Forget { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A new scheduler first hears of everybody: statuses come every second, what jobs want every three.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>A job that could get still more workers waits until no worker has become free for so long: they come in groups.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Between looks at the clock.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>Between wake-ups of the jobs that have not ended.</summary>
    public TimeSpan WakeInterval { get; init; } = TimeSpan.FromSeconds(10);

    public Quotas Quotas { get; init; } = Quotas.None;
}

/// <summary>A worker as it last described itself.</summary>
public sealed record SeenWorker(WorkerStatus Status, DateTimeOffset LastSeen)
{
    public bool IsFree => Status.Job.Length == 0 && !Status.Leaving;
}

/// <param name="Told">What the job was last told; null: nothing yet.</param>
public sealed record SeenJob(JobWanted Wanted, DateTimeOffset LastSeen, Target? Told = null)
{
    public AllocatedJob ToAllocate() => new(Wanted, Told?.Workers.Select(worker => worker.Worker).ToImmutableSortedSet(StringComparer.Ordinal));
}

/// <summary>What the scheduler knows, and what follows from it: pure functions that give the next state and the messages to jobs.</summary>
/// <remarks><see cref="Allocation"/> says who gets whom. A target is told when it changes, and to whoever says what it wants.</remarks>
public sealed record SchedulerState(SchedulerSettings Settings, DateTimeOffset Started)
{
    /// <summary>By name. Whoever was drained is leaving here.</summary>
    public ImmutableSortedDictionary<string, SeenWorker> Workers { get; private init; } =
        ImmutableSortedDictionary.Create<string, SeenWorker>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, SeenJob> Jobs { get; private init; } =
        ImmutableSortedDictionary.Create<string, SeenJob>(StringComparer.Ordinal);

    /// <summary>The incarnations of drained workers, by name: the next one works again.</summary>
    private ImmutableDictionary<string, string> Drained { get; init; } = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);

    public Quarantines Quarantines { get; private init; } = Quarantines.None;

    private DateTimeOffset LastFreed { get; init; }

    /// <summary>Whether free workers were settled when all that is known was last allocated, and nothing came of it; null: allocate anew.</summary>
    private bool? Allocated { get; init; }

    /// <summary>What to say where a node takes the name of one on another machine that is not forgotten yet; null: it does not. The later life counts all the same, since machines are replaced.</summary>
    public string? TakenOver(WorkerStatus said, DateTimeOffset now) =>
        Workers.GetValueOrDefault(said.Worker) is { } before && before.Status.Host != said.Host && string.CompareOrdinal(said.Incarnation, before.Status.Incarnation) > 0
            ? $"Worker {said.Worker} at {said.Node} takes the name of a worker at {before.Status.Node} that spoke {(now - before.LastSeen).TotalSeconds:0.0} s ago, and its place. If both are to work, give each a name of its own (trainer node --name)."
            : null;

    public SchedulerDecision Hear(WorkerStatus said, DateTimeOffset now)
    {
        var drained = Drained.GetValueOrDefault(said.Worker) == said.Incarnation ? Leaving(said, leaving: true) : said;
        var status = Quarantined(drained, Quarantines);
        var before = Workers.GetValueOrDefault(status.Worker);
        if (before is not null && string.CompareOrdinal(status.Incarnation, before.Status.Incarnation) < 0)
        {
            return new SchedulerDecision(this, []); // Of a life that is over.
        }

        var worker = new SeenWorker(status, now);
        var next = this with { Workers = Workers.SetItem(status.Worker, worker) };
        if (status.Equals(before?.Status))
        {
            return new SchedulerDecision(next, []);
        }

        var freed = worker.IsFree && !(before is { IsFree: true } && before.Status.Incarnation == status.Incarnation);
        return (next with { LastFreed = freed ? now : LastFreed }).Allocate(now);
    }

    public SchedulerDecision Hear(JobWanted job, DateTimeOffset now)
    {
        var before = Jobs.GetValueOrDefault(job.Job);
        var next = this with { Jobs = Jobs.SetItem(job.Job, new SeenJob(job, now, before?.Told)) };
        return Allocated is not null && before?.Told is { } told && job.Equals(before.Wanted)
            ? new SchedulerDecision(next, [new JobEnvelope { Job = job.Job, Target = told }]) // Thousands of jobs say every few seconds that they still wait.
            : next.Allocate(now, answer: job.Job);
    }

    public SchedulerDecision Hear(JobSettled job, DateTimeOffset now) => (this with { Jobs = Jobs.Remove(job.Job) }).Allocate(now);

    public bool Knows(string worker) => Workers.ContainsKey(worker) || Drained.ContainsKey(worker);

    /// <summary>The worker takes no new job and is planned out of its own, or may work again.</summary>
    public SchedulerDecision Drain(DrainWorker order, DateTimeOffset now)
    {
        var worker = Workers.GetValueOrDefault(order.Worker);
        var drained = order.Undo ? Drained.Remove(order.Worker) : worker is null ? Drained : Drained.SetItem(order.Worker, worker.Status.Incarnation);
        var next = this with { Drained = drained };
        return worker is null ? new SchedulerDecision(next, []) : (next with
        {
            Workers = Workers.SetItem(order.Worker, worker with { Status = Leaving(worker.Status, leaving: !order.Undo) }),
            LastFreed = order.Undo ? now : LastFreed,
        }).Allocate(now);
    }

    /// <summary>What is in quarantine, as the store has it now.</summary>
    public SchedulerDecision Quarantine(Quarantines quarantines, DateTimeOffset now) => (this with
    {
        Quarantines = quarantines,
        Workers = Workers.SetItems(Workers.Select(worker => KeyValuePair.Create(worker.Key, worker.Value with { Status = Quarantined(worker.Value.Status, quarantines) }))),
    }).Allocate(now);

    /// <summary>Time has passed: who was silent is forgotten.</summary>
    public SchedulerDecision Tick(DateTimeOffset now)
    {
        var silent = Workers.Values.Where(worker => now - worker.LastSeen >= Settings.Silence).Select(worker => worker.Status.Worker).ToList();
        var forgotten = Jobs.Where(job => now - job.Value.LastSeen >= Settings.Forget).Select(job => job.Key).ToList();
        return silent.Count + forgotten.Count == 0 && Allocated == IsSettled(now)
            ? new SchedulerDecision(this, [])
            : (this with { Workers = Workers.RemoveRange(silent), Jobs = Jobs.RemoveRange(forgotten) }).Allocate(now);
    }

    /// <summary>The jobs that have fewer workers than they need, in the order in which they get some.</summary>
    public IEnumerable<WaitingJob> Waiting()
    {
        List<WorkerStatus> statuses = [.. Workers.Values.Select(worker => worker.Status)];
        List<AllocatedJob> jobs = [.. Allocation.InOrder(Jobs.Values.Select(job => job.ToAllocate()))];
        var grants = Allocation.Allocate(jobs, statuses, isSettled: true, Settings.Quotas);
        return jobs.Where(job => (job.Told?.Count ?? 0) < job.Wanted.MinWorkers).Select(job =>
        {
            var (fitting, grant) = (Allocation.Candidates(job.Wanted, statuses).Select(group => group.ToList()).MaxBy(group => group.Count) ?? [], grants[job.Wanted.Job]);
            return new WaitingJob
            {
                Wanted = job.Wanted,
                Fitting = (uint)fitting.Count,
                Free = (uint)fitting.Count(worker => worker.Job.Length == 0),
                Cause = grant.Cause,
                Message = WaitingReason.Special(job.Wanted, grant, Settings.Quotas) ?? WaitingReason.InQueue(job.Wanted, fitting, [.. statuses.Where(worker => !worker.Leaving)]),
            };
        });
    }

    private bool IsSettled(DateTimeOffset now) => now - LastFreed >= Settings.Settle;

    private SchedulerDecision Allocate(DateTimeOffset now, string? answer = null)
    {
        if (now - Started < Settings.WarmUp)
        {
            return new SchedulerDecision(this, []);
        }

        List<WorkerStatus> statuses = [.. Workers.Values.Select(worker => worker.Status)];
        var allocation = Allocation.Allocate([.. Jobs.Values.Select(job => job.ToAllocate())], statuses, IsSettled(now), Settings.Quotas);
        var (next, messages) = (this with { Allocated = IsSettled(now) }, new List<JobEnvelope>());
        foreach (var job in Jobs.Values)
        {
            var target = TargetOf(job.Wanted, allocation[job.Wanted.Job], statuses);
            var isNew = !target.Equals(job.Told);
            if (isNew || job.Wanted.Job == answer)
            {
                next = next with { Jobs = next.Jobs.SetItem(job.Wanted.Job, job with { Told = target }), Allocated = isNew ? null : next.Allocated };
                messages.Add(new JobEnvelope { Job = job.Wanted.Job, Target = target });
            }
        }

        return new SchedulerDecision(next, messages);
    }

    private Target TargetOf(JobWanted job, Grant grant, List<WorkerStatus> statuses)
    {
        var present = statuses.Where(worker => !worker.Leaving).ToList();
        var most = Allocation.Candidates(job, statuses).Select(group => group.Count()).DefaultIfEmpty().Max();
        return new Target
        {
            Job = job.Job,
            Workers = { grant.Workers.Select(name => Workers.GetValueOrDefault(name)?.Status ?? new WorkerStatus { Worker = name }) },
            Message = grant.Workers.Count >= job.MinWorkers ? "" : WaitingReason.Special(job, grant, Settings.Quotas) ?? WaitingReason.Of(job, most, present),
            TakenFor = grant.TakenFor?.Job ?? "",
            TakenForPriority = grant.TakenFor?.Priority ?? 0,
            Serving = { job.Asking ? statuses.Where(worker => worker.Job == job.Job || job.Workers.Contains(worker.Worker)) : [] },
        };
    }

    private static WorkerStatus Quarantined(WorkerStatus status, Quarantines quarantines)
    {
        if (quarantines.Hold(status) == status.Quarantined)
        {
            return status;
        }

        var changed = status.Clone();
        changed.Quarantined = !status.Quarantined;
        return changed;
    }

    private static WorkerStatus Leaving(WorkerStatus status, bool leaving)
    {
        var changed = status.Clone();
        changed.Leaving = leaving;
        return changed;
    }
}

/// <summary>What the scheduler becomes, and what it has to tell jobs.</summary>
public sealed record SchedulerDecision(SchedulerState Next, IReadOnlyList<JobEnvelope> Messages);
