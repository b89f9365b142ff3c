using System.Collections.Immutable;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>How many workers there would have to be so that every job that trains or waits has all that it could use: a pure function of what jobs want and of quotas, whoever is there.</summary>
internal static class WorkersWanted
{
    /// <summary>Of jobs that take workers of any kind.</summary>
    public const string Any = "any";

    private static readonly ImmutableArray<string> Devices = [Any, "cpu", "cuda", "opencl"];

    /// <summary>By the kind of device that jobs ask for, and <see cref="Any"/>; 0 where no job asks. What a user's quota leaves room for counts, and a job whose minimum it does not hold wants nobody.</summary>
    public static ImmutableSortedDictionary<string, int> Of(IEnumerable<AllocatedJob> jobs, Quotas quotas)
    {
        var (ledger, wanted) = (new QuotaLedger(quotas), Devices.ToDictionary(device => device, _ => 0, StringComparer.Ordinal));
        List<JobWanted> possible = [.. Allocation.InOrder(jobs).Select(job => job.Wanted).Where(job => Take(job, job.MinWorkers))];
        foreach (var job in possible)
        {
            _ = Take(job, Math.Min(job.MaxWorkers - job.MinWorkers, (uint)ledger.Left(job.User)));
        }

        return wanted.ToImmutableSortedDictionary(StringComparer.Ordinal);

        bool Take(JobWanted job, uint workers)
        {
            if (workers > ledger.Left(job.User))
            {
                return false;
            }

            ledger.Use(job.User, (int)workers);
            var device = WaitingReason.TakesAnyDevice(job) ? Any : job.Device;
            wanted[device] = wanted.GetValueOrDefault(device) + (int)workers;
            return true;
        }
    }
}
