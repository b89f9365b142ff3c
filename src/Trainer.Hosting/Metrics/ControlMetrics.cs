namespace Trainer.Hosting.Metrics;

/// <summary>What a coordinator measures. Gauges are asked for when scraped.</summary>
public sealed class ControlMetrics : IDisposable
{
    /// <summary>Jobs by state (lower-case names); asked for at every scrape.</summary>
    public void ObserveJobs(Func<IReadOnlyDictionary<string, int>> jobsByState) => throw new NotImplementedException();

    /// <summary>Cluster members by (role, status), and unreachable ones; asked for at every scrape.</summary>
    public void ObserveMembers(Func<IReadOnlyDictionary<(string Role, string Status), int>> members, Func<int> unreachable) =>
        throw new NotImplementedException();

    /// <summary>Workers known to the scheduler by state: idle, busy.</summary>
    public void ObserveWorkers(Func<IReadOnlyDictionary<string, int>> workersByState) => throw new NotImplementedException();

    public void Transition(string to, string reason) => throw new NotImplementedException();

    /// <summary>Seconds from creation to STARTING.</summary>
    public void QueueWait(double seconds) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
