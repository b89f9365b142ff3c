using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Outbox;

/// <summary>Who is told of jobs' changes: a program outside the cluster.</summary>
internal interface IReceiver : IDisposable
{
    /// <summary>One of <see cref="Hosting.Metrics.ControlMetrics.Receivers"/>.</summary>
    string Name { get; }

    /// <summary>Null once it has taken the change; else why it has not, in words that show no secret.</summary>
    /// <remarks>Ends within seconds, whatever the other side does.</remarks>
    Task<string?> TakeAsync(Announcement change, CancellationToken stop);
}
