using System.Collections.Immutable;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>Which workers each job is to have: a pure function of what they want and who is there.</summary>
/// <remarks>
/// <list type="number">
/// <item>Every job keeps what it has, up to its maximum, also whom nobody hears: only who leaves, serves another job or is avoided goes.</item>
/// <item>Jobs below their minimum, highest priority first, then the oldest, get what is missing, if all of it is free, or can be taken from jobs of lower priority: first what
/// these have above their minimum, then all that the lowest and youngest of them have. One whose minimum is not free, though
/// enough workers live, holds back those behind it that want the same: else small jobs would keep a large one waiting for ever. One that asks for
/// more workers than live holds back nobody.</item>
/// <item>What is left goes to those that could use more, in the same order; they too take what jobs of lower priority have above their minimum.</item>
/// </list>
/// As long as workers keep becoming free (<c>isSettled</c> is false), jobs that could get still more wait: they come in groups. What is taken from a job is somebody's only once that job has
/// let it go; until then every allocation takes the same again. Between equals nothing is taken, so nothing goes to and fro.
/// A user's jobs get no more workers together than its quota; one for which it does not suffice holds back the user's jobs behind it, and nobody else's.
/// </remarks>
public sealed partial class Allocation
{
    private readonly IReadOnlyList<WorkerStatus> _workers;
    private readonly bool _isSettled;
    private readonly QuotaLedger _quotas;
    private readonly List<Share> _shares;
    private readonly Dictionary<string, WorkerStatus> _heard;
    private readonly HashSet<string> _free = new(StringComparer.Ordinal);

    private Allocation(IReadOnlyList<AllocatedJob> jobs, IReadOnlyList<WorkerStatus> workers, bool isSettled, Quotas quotas)
    {
        (_workers, _isSettled, _quotas) = (workers, isSettled, new QuotaLedger(quotas));
        _shares = [.. InOrder(jobs).Select(job => new Share(job))];
        _heard = workers.ToDictionary(worker => worker.Worker, StringComparer.Ordinal);
    }

    /// <param name="workers">Who is heard; those that are to leave say so.</param>
    public static IReadOnlyDictionary<string, Grant> Allocate(IReadOnlyList<AllocatedJob> jobs, IReadOnlyList<WorkerStatus> workers, bool isSettled, Quotas quotas)
    {
        var allocation = new Allocation(jobs, workers, isSettled, quotas);
        allocation.Keep();
        allocation.FillMinimums();
        allocation.Grow();
        return allocation._shares.ToDictionary(share => share.Wanted.Job, share => share.ToGrant(), StringComparer.Ordinal);
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

    private void Keep()
    {
        var (taken, going) = (new HashSet<string>(StringComparer.Ordinal), new List<(Share Share, List<string> Workers)>());
        foreach (var share in _shares)
        {
            var (job, told) = (share.Wanted, share.Told);
            var fitting = Candidates(job, _workers).SelectMany(group => group).Select(worker => worker.Worker).ToHashSet(StringComparer.Ordinal);
            var has = told.Where(name => _heard.ContainsKey(name) || job.Workers.Contains(name)).Union(job.Workers, StringComparer.Ordinal)
                .Union(_workers.Where(worker => worker.Job == job.Job).Select(worker => worker.Worker), StringComparer.Ordinal)
                .Where(name => !taken.Contains(name) && !job.Avoid.Contains(name))
                .Where(name => !_heard.TryGetValue(name, out var worker) || fitting.Contains(name) && (worker.Job.Length == 0 || worker.Job == job.Job))
                .OrderByDescending(told.Contains).ThenByDescending(job.Workers.Contains).ThenBy(name => name, StringComparer.Ordinal) // What a job counts on may be older news than what it was told.
                .Take((int)job.MaxWorkers).ToLookup(name => share.WasTold && !told.Contains(name));
            share.Workers.UnionWith(has[false]);
            _quotas.Use(job.User, share.Workers.Count);
            taken.UnionWith(has.SelectMany(names => names));
            going.Add((share, [.. has[true]]));
        }

        going.ForEach(told => KeepAfterAll(told.Share, told.Workers));
        _free.UnionWith(_workers.Where(worker => worker.Job.Length == 0 && !worker.Leaving && !IsShut(worker)).Select(worker => worker.Worker).Except(_shares.SelectMany(share => share.Workers)));
    }

    // Who was told to go and serves still stays, as far as that is of use and within the quota.
    private void KeepAfterAll(Share share, List<string> going)
    {
        var most = Math.Min(going.Count, _quotas.Left(share.Wanted.User));
        if (!share.IsGoing || most >= share.Wanted.MinWorkers)
        {
            Give(share, going.Take(most));
        }
    }

    private void FillMinimums()
    {
        foreach (var share in _shares.Where(share => share.IsBelowMinimum))
        {
            var candidates = Fitting(share).ToList();
            share.Cause = WaitCause.Workers;
            if (IsBeyondQuota(share))
            {
                share.Cause = WaitCause.Quota;
                _quotas.Use(share.Wanted.User, IsPossible(share, candidates) ? _quotas.Left(share.Wanted.User) : 0);
            }
            else if (BestPlan(share, candidates) is { } plan)
            {
                CarryOut(plan, share);
                GiveMinimum(share, plan.Group, candidates);
            }
            else if (IsPossible(share, candidates))
            {
                HoldBackOthers(share, candidates);
            }
        }
    }

    private bool IsPossible(Share share, List<IGrouping<string, WorkerStatus>> candidates) =>
        candidates.Exists(group => group.Count() >= share.Wanted.MinWorkers) && _quotas.CouldHold(share.Wanted.User, share.Wanted.MinWorkers);

    private void GiveMinimum(Share share, IEnumerable<WorkerStatus> group, List<IGrouping<string, WorkerStatus>> candidates)
    {
        var chosen = Free(group);
        if (chosen.Count >= share.Missing && (_isSettled || chosen.Count >= share.Room))
        {
            Give(share, chosen.Take(share.Missing));
        }
        else
        {
            share.Cause = chosen.Count < share.Missing ? WaitCause.Preempting : WaitCause.Workers;
            HoldBackOthers(share, candidates);
        }
    }

    private void HoldBackOthers(Share share, List<IGrouping<string, WorkerStatus>> candidates)
    {
        _quotas.Use(share.Wanted.User, share.Missing);
        _free.ExceptWith(candidates.SelectMany(group => group).Select(worker => worker.Worker));
    }

    private void Grow()
    {
        foreach (var share in _shares.Where(share => !share.IsBelowMinimum))
        {
            var group = Fitting(share).MaxBy(group => Free(group).Count)?.ToList() ?? [];
            var toCome = TakeSpares(share, group);
            var (chosen, room) = (Free(group), Math.Min(share.Room, _quotas.Left(share.Wanted.User)));
            if (_isSettled || chosen.Count >= room)
            {
                Give(share, chosen.Take(room));
            }
            else
            {
                _free.ExceptWith(chosen);
            }

            _quotas.Use(share.Wanted.User, Math.Min(toCome, share.Room));
        }
    }

    // All of one arithmetic: that of the workers which it has.
    private IEnumerable<IGrouping<string, WorkerStatus>> Fitting(Share share)
    {
        var groups = Candidates(share.Wanted, _workers).ToList();
        var own = groups.Where(group => group.Any(worker => share.Workers.Contains(worker.Worker))).Take(1).ToList();
        return own.Count > 0 ? own : groups;
    }

    private List<string> Free(IEnumerable<WorkerStatus> group) => [.. group.Select(worker => worker.Worker).Where(_free.Contains).Order(StringComparer.Ordinal)];

    private void Give(Share share, IEnumerable<string> workers)
    {
        foreach (var worker in workers)
        {
            share.Workers.Add(worker);
            _free.Remove(worker);
            _quotas.Use(share.Wanted.User, 1);
        }
    }
}
