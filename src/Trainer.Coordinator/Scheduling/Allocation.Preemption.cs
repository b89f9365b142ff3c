using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>What a job takes from those of lower priority.</summary>
public sealed partial class Allocation
{
    /// <summary>Workers of others that a job gets its minimum with, beside the free ones.</summary>
    /// <param name="Group">Of one arithmetic.</param>
    /// <param name="Taken">By the job that has them.</param>
    private sealed record Plan(List<WorkerStatus> Group, Dictionary<Share, HashSet<string>> Taken)
    {
        public int Suspended => Taken.Count(taken => taken.Value.Count == taken.Key.Workers.Count);

        public int Useful => Taken.Sum(taken => Group.Count(worker => taken.Value.Contains(worker.Worker)));

        public HashSet<string> Of(Share victim) => Taken.TryGetValue(victim, out var taken) ? taken : Taken[victim] = new HashSet<string>(StringComparer.Ordinal);
    }

    // Also were all that its user's jobs of lower priority have its own.
    private bool IsBeyondQuota(Share share) => share.Missing > _quotas.Left(share.Wanted.User)
        && share.Missing > _quotas.Left(share.Wanted.User) + Victims(share).Where(victim => IsOfSameUser(victim, share)).Sum(victim => victim.Workers.Count);

    private static bool IsOfSameUser(Share one, Share other) => one.Wanted.User == other.Wanted.User;

    // The lowest first, then the youngest.
    private IEnumerable<Share> Victims(Share taker) => Enumerable.Reverse(_shares).Where(victim => victim.Wanted.Priority < taker.Wanted.Priority && victim.Workers.Count > 0);

    // Null: its minimum cannot be had.
    private Plan? BestPlan(Share share, IEnumerable<IEnumerable<WorkerStatus>> groups) => groups.Select(group => PlanFor(share, [.. group])).OfType<Plan>()
        .OrderBy(plan => plan.Suspended).ThenBy(plan => plan.Useful).ThenByDescending(plan => Free(plan.Group).Count).FirstOrDefault();

    private Plan? PlanFor(Share share, List<WorkerStatus> group)
    {
        var plan = new Plan(group, []);
        var own = Math.Max(0, share.Missing - _quotas.Left(share.Wanted.User)); // These make room in the quota.
        return Extend(plan, [.. Victims(share).Where(victim => IsOfSameUser(victim, share))], own)
            && Extend(plan, [.. Victims(share)], share.Missing - Free(group).Count) ? plan : null;
    }

    // Until so many that are of use are taken: what is above minimums, else all that as few jobs as possible have.
    private static bool Extend(Plan plan, List<Share> victims, int needed)
    {
        if (plan.Useful >= needed)
        {
            return true;
        }

        var (left, suspended) = (victims.OrderByDescending(victim => victim.IsGoing).ToList(), new List<Share>());
        while (left.Sum(victim => Spares(plan, victim).Count()) + suspended.Sum(victim => Useful(plan, victim).Count()) < needed - plan.Useful)
        {
            if (left.Count == 0)
            {
                return false;
            }

            suspended.Add(left[0]);
            left.RemoveAt(0);
        }

        foreach (var victim in suspended)
        {
            plan.Of(victim).UnionWith(victim.Workers);
        }

        foreach (var (victim, worker) in left.SelectMany(victim => Spares(plan, victim).Select(worker => (victim, worker))).OrderByDescending(spare => !spare.victim.Told.Contains(spare.worker))
            .Take(Math.Max(0, needed - plan.Useful)).ToList())
        {
            plan.Of(victim).Add(worker);
        }

        return true;
    }

    // Who was told to go before comes first, that no other is told as well.
    private static IEnumerable<string> Useful(Plan plan, Share victim) => plan.Group.Select(worker => worker.Worker)
        .Where(worker => victim.Workers.Contains(worker) && !(plan.Taken.TryGetValue(victim, out var taken) && taken.Contains(worker)))
        .OrderBy(victim.Told.Contains).ThenByDescending(worker => worker, StringComparer.Ordinal);

    private static IEnumerable<string> Spares(Plan plan, Share victim) => Useful(plan, victim).Take(victim.Spare - (plan.Taken.TryGetValue(victim, out var taken) ? taken.Count : 0));

    private void CarryOut(Plan plan, Share taker)
    {
        foreach (var (victim, workers) in plan.Taken)
        {
            Yield(victim, workers, taker);
        }
    }

    private void Yield(Share victim, IEnumerable<string> workers, Share taker)
    {
        foreach (var worker in workers)
        {
            victim.Yield(worker, taker);
            _quotas.Use(victim.Wanted.User, -1);
            if (_heard.TryGetValue(worker, out var status) && status.Job.Length == 0 && !IsShut(status))
            {
                _free.Add(worker); // It has not begun to serve.
            }
        }
    }

    // As many as the job could use beside what is free.
    private int TakeSpares(Share share, List<WorkerStatus> group)
    {
        var (plan, left) = (new Plan(group, []), _quotas.Left(share.Wanted.User));
        var free = Math.Min(Free(group).Count, Math.Min(share.Room, left));
        var (wanted, foreign) = (share.Room - free, left - free);
        foreach (var victim in Victims(share).OrderByDescending(victim => victim.Workers.Except(victim.Told).Any()).ToList())
        {
            var most = IsOfSameUser(victim, share) ? wanted : Math.Min(wanted, foreign);
            List<string> taken = [.. Spares(plan, victim).Take(most)];
            Yield(victim, taken, share);
            wanted -= taken.Count;
            foreign -= IsOfSameUser(victim, share) ? 0 : taken.Count;
        }

        return share.Room - free - wanted;
    }
}
