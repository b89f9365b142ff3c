using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>Why a job waits, in words for its author: whether those who are here would do, were they free.</summary>
internal static class WaitingReason
{
    public const string Workers = "Waiting for workers.";

    /// <param name="fitting">How many of those present a job could have together at most.</param>
    public static string Of(JobWanted job, int fitting, IReadOnlyList<WorkerStatus> present)
    {
        if (fitting >= job.MinWorkers)
        {
            return Workers;
        }

        var device = TakesAnyDevice(job) ? "" : $" of device {job.Device}";
        var numerics = job.Numerics.Length > 0 ? $" with numerics {job.Numerics}"
            : job.Arithmetic is { } arithmetic ? $" that can compute: {arithmetic.Compute}, gradients: {arithmetic.Gradients}"
            : job.MinWorkers > 1 ? " with equal numerics" : "";
        return $"Waiting for workers: it needs {job.MinWorkers}{device}{numerics}; {ThoseHere(present)}{TheirNumerics(job, present)}.";
    }

    /// <summary>The same, with what those who are here do.</summary>
    public static string InQueue(JobWanted job, IReadOnlyList<WorkerStatus> fitting, IReadOnlyList<WorkerStatus> present)
    {
        if (fitting.Count < job.MinWorkers)
        {
            return Of(job, fitting.Count, present);
        }

        var busy = fitting.Where(worker => worker.Job.Length > 0 && worker.Job != job.Job).CountBy(worker => worker.Job).OrderBy(other => other.Key, StringComparer.Ordinal)
            .Select(other => $"{other.Value} for {other.Key}").ToList();
        var free = fitting.Count(worker => worker.Job.Length == 0);
        return $"It needs {job.MinWorkers}; of {fitting.Count} that fit, {free} {(free == 1 ? "is" : "are")} free{(busy.Count > 0 ? $", {string.Join(", ", busy)}" : "")}.";
    }

    /// <summary>Where it is not workers alone that it waits for; null: it is.</summary>
    public static string? Special(JobWanted job, Grant grant, Quotas quotas) => grant.Cause switch
    {
        WaitCause.Quota when quotas.Of(job.User) is { } quota => job.MinWorkers > quota
            ? $"It needs {job.MinWorkers}, and {OwnerOf(job.User)} may have {quota}: it waits until it needs fewer (trainer scale {job.Job} --min {quota}), or the quota is raised."
            : $"It needs {job.MinWorkers}, and {OwnerOf(job.User)} may have {quota} together: it waits until others of these jobs have let go of enough.",
        WaitCause.Preempting => $"It needs {job.MinWorkers}, and jobs of lower priority let go of workers for it: {string.Join(", ", grant.Takes.Select(taken => $"{taken.Value} of {taken.Key}"))}.",
        _ => null,
    };

    private static string OwnerOf(string user) => user.Length > 0 ? $"the jobs of {user}" : "jobs that name no creator";

    public static bool TakesAnyDevice(JobWanted job) => job.Device is "" or "auto";

    // A job that has begun stays with its arithmetic: workers of a release with another one are none for it.
    private static string TheirNumerics(JobWanted job, IReadOnlyList<WorkerStatus> present)
    {
        var others = present.Select(worker => worker.NumericsFor(job.Arithmetic)).OfType<string>().Where(numerics => numerics != job.Numerics).Distinct().Order(StringComparer.Ordinal).ToList();
        return job.Numerics.Length > 0 && others.Count > 0 ? $", with numerics {string.Join(" or ", others)}" : "";
    }

    private static string ThoseHere(IReadOnlyList<WorkerStatus> present)
    {
        var kinds = present.CountBy(worker => worker.DeviceKind).OrderBy(kind => kind.Key, StringComparer.Ordinal).Select(kind => $"{kind.Value} of {kind.Key}");
        var shut = present.Count(Allocation.IsShut);
        return (present.Count == 0 ? "there is none" : $"there {(present.Count == 1 ? "is" : "are")} {string.Join(", ", kinds)}")
            + (shut > 0 ? $", of which {shut} {(shut == 1 ? "is" : "are")} in quarantine" : "");
    }
}
