namespace Trainer.Node.Training;

/// <summary>What a thread is at, and whether it has been at it for too long. The thread says what it begins; somebody else counts the time, in ticks in which the process ran.</summary>
internal sealed class ThreadWatch
{
    private readonly Lock _lock = new();
    private string _activity = "";
    private TimeSpan _limit = Timeout.InfiniteTimeSpan;
    private TimeSpan _elapsed;

    /// <summary>What it is at.</summary>
    public string Activity
    {
        get
        {
            lock (_lock)
            {
                return _activity;
            }
        }
    }

    /// <summary>The thread begins something that should take no longer than so.</summary>
    public void Begin(string activity, TimeSpan limit)
    {
        lock (_lock)
        {
            (_activity, _limit, _elapsed) = (activity, limit, TimeSpan.Zero);
        }
    }

    /// <summary>The thread has come on with what it is at: the limit is that of each part.</summary>
    public void Progress()
    {
        lock (_lock)
        {
            _elapsed = TimeSpan.Zero;
        }
    }

    /// <summary>The thread waits, or does what may take any time.</summary>
    public void Begin(string activity) => Begin(activity, Timeout.InfiniteTimeSpan);

    /// <summary>Time has passed. True: the thread has been at the same for longer than it should.</summary>
    public bool IsOverdueAfter(TimeSpan tick, out TimeSpan elapsed)
    {
        lock (_lock)
        {
            _elapsed += tick;
            elapsed = _elapsed;
            return _limit != Timeout.InfiniteTimeSpan && _elapsed > _limit;
        }
    }
}
