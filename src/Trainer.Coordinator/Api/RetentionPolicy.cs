namespace Trainer.Coordinator.Api;

/// <summary>A job that has ended and has files.</summary>
/// <param name="IsHeld">Something needs them: they stay, and count.</param>
public sealed record EndedJob(string Id, DateTimeOffset Ended, long Bytes, bool IsHeld);

/// <summary>Whose files stay once jobs have ended. What is null limits nothing.</summary>
/// <param name="Age">Since a job's end.</param>
/// <param name="Jobs">So many with files.</param>
/// <param name="Bytes">Of all files together.</param>
public sealed record RetentionPolicy(TimeSpan? Age = null, int? Jobs = null, long? Bytes = null)
{
    /// <summary>How often it is looked whether there is too much.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(10);

    public bool LimitsNothing => (Age, Jobs, Bytes) is (null, null, null);

    /// <summary>Whose files are too much: who ended first comes first.</summary>
    public IReadOnlyList<EndedJob> Surplus(IEnumerable<EndedJob> jobs, DateTimeOffset now)
    {
        var (surplus, kept, bytes, isFull) = (new List<EndedJob>(), 0, 0L, false);
        foreach (var job in jobs.OrderByDescending(job => job.Ended).ThenBy(job => job.Id, StringComparer.Ordinal))
        {
            isFull |= kept >= Jobs || bytes + job.Bytes > Bytes; // Whoever ended earlier goes too, however small.
            if (!job.IsHeld && (isFull || now - job.Ended > Age))
            {
                surplus.Add(job);
            }
            else
            {
                (kept, bytes) = (kept + 1, bytes + job.Bytes);
            }
        }

        surplus.Reverse();
        return surplus;
    }
}
