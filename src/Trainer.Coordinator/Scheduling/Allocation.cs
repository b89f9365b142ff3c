using System.Collections.Immutable;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>A job as the scheduler sees it.</summary>
/// <param name="Told">The workers that it was last told to have.</param>
public sealed record AllocatedJob(JobWanted Wanted, ImmutableSortedSet<string> Told);

/// <summary>Which workers each job is to have: a pure function of what they want and who is there.</summary>
/// <remarks>
/// <list type="number">
/// <item>Every job keeps what it has, up to its maximum, also whom nobody hears: only who leaves, serves another job or is avoided goes.</item>
/// <item>Jobs below their minimum, highest priority first, then the oldest, get what is missing, if all of it is free. One whose minimum is not free, though
/// enough workers live, holds back those behind it that want the same: else small jobs would keep a large one waiting for ever. One that asks for
/// more workers than live holds back nobody.</item>
/// <item>What is left goes to those that could use more, in the same order.</item>
/// </list>
/// As long as workers keep becoming free (<c>isSettled</c> is false), jobs that could get still more wait: they come in groups.
/// </remarks>
public sealed class Allocation
{
    private readonly IReadOnlyList<WorkerStatus> _workers;
    private readonly bool _isSettled;
    private readonly Dictionary<string, HashSet<string>> _byJob;
    private readonly HashSet<string> _free;

    private Allocation(IReadOnlyList<AllocatedJob> jobs, IReadOnlyList<WorkerStatus> workers, bool isSettled)
    {
        (_workers, _isSettled) = (workers, isSettled);
        _byJob = jobs.ToDictionary(job => job.Wanted.Job, _ => new HashSet<string>(StringComparer.Ordinal), StringComparer.Ordinal);
        _free = new HashSet<string>(StringComparer.Ordinal);
    }

    /// <param name="workers">Who is heard; those that are to leave say so.</param>
    /// <returns>By job the names of its workers; some may be nobody's who is heard.</returns>
    public static IReadOnlyDictionary<string, ImmutableSortedSet<string>> Allocate(IReadOnlyList<AllocatedJob> jobs, IReadOnlyList<WorkerStatus> workers, bool isSettled)
    {
        var ordered = InOrder(jobs).ToList();
        var allocation = new Allocation(ordered, workers, isSettled);
        allocation.Keep(ordered);
        allocation.FillMinimums(ordered);
        allocation.Grow(ordered);
        return allocation._byJob.ToDictionary(job => job.Key, job => job.Value.ToImmutableSortedSet(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    /// <summary>Whose turn comes first.</summary>
    public static IEnumerable<AllocatedJob> InOrder(IEnumerable<AllocatedJob> jobs) =>
        jobs.OrderByDescending(job => job.Wanted.Priority).ThenBy(job => job.Wanted.CreatedUnixMs).ThenBy(job => job.Wanted.Job, StringComparer.Ordinal);

    /// <summary>All workers, free or not, that a job could use, by the arithmetic that they would serve it in.</summary>
    public static IEnumerable<IGrouping<string, WorkerStatus>> Candidates(JobWanted job, IEnumerable<WorkerStatus> workers) =>
        from worker in workers
        let numerics = worker.NumericsFor(job.Arithmetic)
        where WaitingReason.TakesAnyDevice(job) || worker.DeviceKind == job.Device
        where !worker.Leaving && !IsShut(worker) && !job.Avoid.Contains(worker.Worker)
        where numerics is not null && (job.Numerics.Length == 0 || job.Numerics == numerics)
        group worker by numerics;

    /// <summary>Who serves a job goes on: nobody has named it.</summary>
    public static bool IsShut(WorkerStatus worker) => worker.Quarantined && worker.Job.Length == 0;

    private void Keep(List<AllocatedJob> jobs)
    {
        var heard = _workers.ToDictionary(worker => worker.Worker, StringComparer.Ordinal);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var job in jobs)
        {
            var fitting = Candidates(job.Wanted, _workers).SelectMany(group => group).Select(worker => worker.Worker).ToHashSet(StringComparer.Ordinal);
            var has = job.Told.Where(name => heard.ContainsKey(name) || job.Wanted.Workers.Contains(name)).Union(job.Wanted.Workers, StringComparer.Ordinal)
                .Union(_workers.Where(worker => worker.Job == job.Wanted.Job).Select(worker => worker.Worker), StringComparer.Ordinal)
                .Where(name => !taken.Contains(name) && !job.Wanted.Avoid.Contains(name))
                .Where(name => !heard.TryGetValue(name, out var worker) || fitting.Contains(name) && (worker.Job.Length == 0 || worker.Job == job.Wanted.Job))
                .OrderByDescending(job.Told.Contains).ThenByDescending(job.Wanted.Workers.Contains).ThenBy(name => name, StringComparer.Ordinal) // What a job counts on may be older news than what it was told.
                .Take((int)job.Wanted.MaxWorkers);
            _byJob[job.Wanted.Job].UnionWith(has);
            taken.UnionWith(_byJob[job.Wanted.Job]);
        }

        _free.UnionWith(_workers.Where(worker => worker.Job.Length == 0 && !worker.Leaving && !IsShut(worker) && !taken.Contains(worker.Worker)).Select(worker => worker.Worker));
    }

    private void FillMinimums(List<AllocatedJob> jobs)
    {
        foreach (var job in jobs.Where(IsBelowMinimum))
        {
            var candidates = Fitting(job).ToList();
            var (chosen, missing) = (Choose(candidates), (int)job.Wanted.MinWorkers - _byJob[job.Wanted.Job].Count);
            if (chosen.Count >= missing && (_isSettled || chosen.Count >= Room(job)))
            {
                Give(job, chosen.Take(missing));
            }
            else if (chosen.Count >= missing || candidates.Exists(group => group.Count() >= job.Wanted.MinWorkers))
            {
                _free.ExceptWith(candidates.SelectMany(group => group).Select(worker => worker.Worker));
            }
        }
    }

    private void Grow(List<AllocatedJob> jobs)
    {
        foreach (var job in jobs.Where(job => !IsBelowMinimum(job)))
        {
            var chosen = Choose(Fitting(job));
            if (_isSettled || chosen.Count >= Room(job))
            {
                Give(job, chosen.Take(Room(job)));
            }
            else
            {
                _free.ExceptWith(chosen);
            }
        }
    }

    private bool IsBelowMinimum(AllocatedJob job) => _byJob[job.Wanted.Job].Count < job.Wanted.MinWorkers;

    private int Room(AllocatedJob job) => Math.Max(0, (int)job.Wanted.MaxWorkers - _byJob[job.Wanted.Job].Count);

    // All of one arithmetic: that of the workers which it has.
    private IEnumerable<IGrouping<string, WorkerStatus>> Fitting(AllocatedJob job)
    {
        var groups = Candidates(job.Wanted, _workers).ToList();
        var own = groups.Where(group => group.Any(worker => _byJob[job.Wanted.Job].Contains(worker.Worker))).Take(1).ToList();
        return own.Count > 0 ? own : groups;
    }

    // The free ones of the arithmetic that most of them have.
    private List<string> Choose(IEnumerable<IGrouping<string, WorkerStatus>> candidates) =>
        candidates.Select(group => group.Select(worker => worker.Worker).Where(_free.Contains).Order(StringComparer.Ordinal).ToList()).MaxBy(group => group.Count) ?? [];

    private void Give(AllocatedJob job, IEnumerable<string> workers)
    {
        foreach (var worker in workers)
        {
            _byJob[job.Wanted.Job].Add(worker);
            _free.Remove(worker);
        }
    }
}
