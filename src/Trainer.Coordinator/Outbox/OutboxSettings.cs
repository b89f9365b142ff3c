namespace Trainer.Coordinator.Outbox;

/// <summary>How often, how long and how much.</summary>
internal sealed record OutboxSettings
{
    /// <summary>How often the outbox is looked at.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>So many changes are read at once.</summary>
    public int Page { get; init; } = 1000;

    /// <summary>After a change that was not taken; doubled for each time again.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What is older is given up.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromHours(24);

    /// <summary>So many changes wait for a receiver at most; older ones are given up.</summary>
    public int Most { get; init; } = 10_000;

    public TimeSpan TrimEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often jobs that train are looked at, where somebody is told of more than changes of their states.</summary>
    public TimeSpan FollowEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>So many of them are read at once.</summary>
    public int FollowAtOnce { get; init; } = 200;

    /// <summary>So long after a job's end all that the store keeps of it is there.</summary>
    public TimeSpan SettleWithin { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a receiver may take for an answer.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Of different jobs.</summary>
    public int AtOnce { get; init; } = 4;

    /// <param name="failures">In a row, from 1.</param>
    public TimeSpan PauseAfter(int failures)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(failures - 1, 30));
        return pause < LongestPause ? pause : LongestPause;
    }
}
