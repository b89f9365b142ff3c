using System.Collections.Immutable;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>The scheduler's patience.</summary>
public sealed record SchedulerSettings
{
    /// <summary>A worker without a status for so long is forgotten.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>So long a granted worker is kept for its job without saying that it serves it.</summary>
    public TimeSpan Reservation { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A waiting job that is not heard of for so long waits no more.</summary>
    public TimeSpan Forget { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A new scheduler first hears of everybody: statuses come every second.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>A job that could get still more workers waits until no worker has become free for so long: they come in groups.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Between looks at the clock.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>Between wake-ups of the jobs that have not ended.</summary>
    public TimeSpan WakeInterval { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>A worker as it last described itself.</summary>
/// <param name="ReservedUntil">Granted, and not yet seen to serve anybody.</param>
public sealed record SeenWorker(WorkerStatus Status, DateTimeOffset LastSeen, DateTimeOffset? ReservedUntil)
{
    public bool IsFree => Status.Job.Length == 0 && !Status.Leaving && ReservedUntil is null;
}

/// <param name="Told">Why it waits, as the job was last told; null: not yet.</param>
public sealed record SeenJob(JobWaiting Job, DateTimeOffset LastSeen, string? Told = null);

/// <summary>What the scheduler knows, and what follows from it: pure functions that give the next state and the messages to jobs.</summary>
/// <remarks>
/// The highest priority goes first, then the oldest. A job gets min(max, free) workers if that is at least its minimum. One whose minimum
/// is not free, though enough workers live, holds back those behind it that want the same: else small jobs would keep a large one waiting for
/// ever. One that asks for more workers than live holds back nobody.
/// </remarks>
public sealed record SchedulerState(SchedulerSettings Settings, DateTimeOffset Started)
{
    public ImmutableSortedDictionary<string, SeenWorker> Workers { get; private init; } =
        ImmutableSortedDictionary.Create<string, SeenWorker>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, SeenJob> Waiting { get; private init; } =
        ImmutableSortedDictionary.Create<string, SeenJob>(StringComparer.Ordinal);

    private DateTimeOffset LastFreed { get; init; }

    public SchedulerDecision Hear(WorkerStatus status, DateTimeOffset now)
    {
        var before = Workers.GetValueOrDefault(status.Worker);
        var sameLife = before?.Status.Incarnation == status.Incarnation;
        var reserved = sameLife && status.Job.Length == 0 ? before!.ReservedUntil : null;
        var worker = new SeenWorker(status, now, reserved);
        var freed = worker.IsFree && !(sameLife && before!.IsFree);
        return (this with { Workers = Workers.SetItem(status.Worker, worker), LastFreed = freed ? now : LastFreed }).Grant(now);
    }

    public SchedulerDecision Hear(JobWaiting job, DateTimeOffset now) =>
        (this with { Waiting = Waiting.SetItem(job.Job, new SeenJob(job, now, Waiting.GetValueOrDefault(job.Job)?.Told)) }).Grant(now);

    public SchedulerDecision Hear(JobSettled job, DateTimeOffset now) => (this with { Waiting = Waiting.Remove(job.Job) }).Grant(now);

    /// <summary>Time has passed: who was silent is forgotten, and its job told; reservations end.</summary>
    public SchedulerDecision Tick(DateTimeOffset now)
    {
        var silent = Workers.Values.Where(worker => now - worker.LastSeen >= Settings.Silence).Select(worker => worker.Status).ToList();
        var expired = Workers.Values.Where(worker => worker.ReservedUntil <= now).Select(worker => worker.Status.Worker).ToList();
        var next = this with
        {
            Workers = Workers.SetItems(expired.Select(name => KeyValuePair.Create(name, Workers[name] with { ReservedUntil = null })))
                .RemoveRange(silent.Select(worker => worker.Worker)),
            Waiting = Waiting.RemoveRange(Waiting.Where(job => now - job.Value.LastSeen >= Settings.Forget).Select(job => job.Key)),
            LastFreed = expired.Count > 0 ? now : LastFreed,
        };
        var losses = silent.Where(worker => worker.Job.Length > 0).Select(Lost);
        var (granted, messages) = next.Grant(now);
        return new SchedulerDecision(granted, [.. losses, .. messages]);
    }

    private SchedulerDecision Grant(DateTimeOffset now)
    {
        if (now - Started < Settings.WarmUp)
        {
            return new SchedulerDecision(this, []);
        }

        var (next, messages, heldBack) = (this, new List<JobEnvelope>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var job in InOrder())
        {
            var candidates = next.Candidates(job, heldBack).ToList();
            var chosen = Choose(job, candidates);
            var waits = chosen.Count < job.MinWorkers
                ? candidates.Exists(group => group.Count() >= job.MinWorkers)
                : chosen.Count < job.MaxWorkers && now - next.LastFreed < Settings.Settle;
            if (waits)
            {
                heldBack.UnionWith(candidates.SelectMany(group => group).Select(worker => worker.Status.Worker));
            }
            else if (chosen.Count >= job.MinWorkers)
            {
                next = next.Reserve(job, chosen, now + Settings.Reservation);
                messages.Add(new JobEnvelope { Job = job.Job, Grant = new Grant { Job = job.Job, Workers = { chosen } } });
            }
        }

        return next.Explain(messages);
    }

    // To those who still wait, where it has changed.
    private SchedulerDecision Explain(List<JobEnvelope> messages)
    {
        var present = Workers.Values.Where(worker => !worker.Status.Leaving).Select(worker => worker.Status).ToList();
        var news = Waiting.Values
            .Select(seen => (seen, Reason: WaitingReason.Of(seen.Job, Candidates(seen.Job, heldBack: []).Select(group => group.Count()).DefaultIfEmpty().Max(), present)))
            .Where(job => job.Reason != job.seen.Told).ToList();
        messages.AddRange(news.Select(job => new JobEnvelope
        {
            Job = job.seen.Job.Job,
            WaitReason = new WaitReason { Job = job.seen.Job.Job, Message = job.Reason },
        }));
        return new SchedulerDecision(
            this with { Waiting = Waiting.SetItems(news.Select(job => KeyValuePair.Create(job.seen.Job.Job, job.seen with { Told = job.Reason }))) }, messages);
    }

    private IEnumerable<JobWaiting> InOrder() => Waiting.Values.Select(seen => seen.Job)
        .OrderByDescending(job => job.Priority).ThenBy(job => job.CreatedUnixMs).ThenBy(job => job.Job, StringComparer.Ordinal);

    // All workers, free or not, that a job could use and nobody before it holds back, by the arithmetic that they would serve it in.
    private IEnumerable<IGrouping<string, SeenWorker>> Candidates(JobWaiting job, HashSet<string> heldBack) =>
        from worker in Workers.Values
        let numerics = worker.Status.NumericsFor(job.Arithmetic)
        where WaitingReason.TakesAnyDevice(job) || worker.Status.DeviceKind == job.Device
        where !worker.Status.Leaving && !heldBack.Contains(worker.Status.Worker)
        where numerics is not null && (job.Numerics.Length == 0 || job.Numerics == numerics)
        group worker by numerics;

    // The free workers that a job would get: all of one arithmetic, that of most free workers if the job is not bound to one yet.
    private static List<WorkerStatus> Choose(JobWaiting job, IEnumerable<IEnumerable<SeenWorker>> candidates)
    {
        var free = candidates.Select(group => group.Where(worker => worker.IsFree).ToList()).MaxBy(group => group.Count) ?? [];
        return [.. free.Take((int)job.MaxWorkers).Select(worker => worker.Status)];
    }

    private SchedulerState Reserve(JobWaiting job, List<WorkerStatus> chosen, DateTimeOffset until) => this with
    {
        Waiting = Waiting.Remove(job.Job),
        Workers = Workers.SetItems(chosen.Select(status => KeyValuePair.Create(status.Worker, Workers[status.Worker] with { ReservedUntil = until }))),
    };

    private JobEnvelope Lost(WorkerStatus worker) => new()
    {
        Job = worker.Job,
        WorkerLost = new WorkerLost
        {
            Job = worker.Job,
            Worker = worker.Worker,
            Incarnation = worker.Incarnation,
            Reason = $"no status for {Settings.Silence.TotalSeconds:0.#} s",
        },
    };
}

/// <summary>What the scheduler becomes, and what it has to tell jobs.</summary>
public sealed record SchedulerDecision(SchedulerState Next, IReadOnlyList<JobEnvelope> Messages);
