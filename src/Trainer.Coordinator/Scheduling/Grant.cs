using System.Collections.Immutable;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>A job as the scheduler sees it.</summary>
/// <param name="Told">The workers that it was last told to have; null: it has not been told any by this scheduler.</param>
public sealed record AllocatedJob(JobWanted Wanted, ImmutableSortedSet<string>? Told);

/// <summary>What a job is given.</summary>
/// <param name="Workers">By name; some may be nobody's who is heard.</param>
/// <param name="TakenFor">The job of higher priority that takes workers of this one; null: none does.</param>
/// <param name="Cause">Why it has fewer than its minimum; unspecified: it has enough.</param>
/// <param name="Takes">How many workers it has other jobs let go, by job.</param>
public sealed record Grant(ImmutableSortedSet<string> Workers, JobWanted? TakenFor, WaitCause Cause, ImmutableSortedDictionary<string, int> Takes);

/// <summary>What a job is being given, while that is decided.</summary>
internal sealed class Share(AllocatedJob job)
{
    public JobWanted Wanted { get; } = job.Wanted;

    public bool WasTold { get; } = job.Told is not null;

    public ImmutableSortedSet<string> Told { get; } = job.Told ?? [];

    /// <summary>It was told to let go of all.</summary>
    public bool IsGoing => WasTold && Told.Count == 0;

    public HashSet<string> Workers { get; } = new(StringComparer.Ordinal);

    public JobWanted? TakenFor { get; private set; }

    public WaitCause Cause { get; set; }

    private Dictionary<string, int> Takes { get; } = new(StringComparer.Ordinal);

    public bool IsBelowMinimum => Workers.Count < Wanted.MinWorkers;

    public int Missing => (int)Wanted.MinWorkers - Workers.Count;

    public int Room => Math.Max(0, (int)Wanted.MaxWorkers - Workers.Count);

    /// <summary>Above its minimum.</summary>
    public int Spare => Math.Max(0, -Missing);

    public void Yield(string worker, Share taker)
    {
        Workers.Remove(worker);
        TakenFor = taker.Wanted;
        taker.Takes[Wanted.Job] = taker.Takes.GetValueOrDefault(Wanted.Job) + 1;
    }

    public Grant ToGrant() => new(Workers.ToImmutableSortedSet(StringComparer.Ordinal), TakenFor, IsBelowMinimum ? Cause : WaitCause.Unspecified, Takes.ToImmutableSortedDictionary(StringComparer.Ordinal));
}
