using Akka.Actor;
using Microsoft.Extensions.Logging;

namespace Trainer.Hosting.Cluster;

/// <summary>
/// A worker's place in the cluster. Its actor system is disposable: when it is downed, quarantined or without a reachable coordinator for
/// <see cref="CoordinatorPatience"/>, it is terminated and a new one joins; what the process does besides goes on.
/// </summary>
/// <param name="options">Asked for at every rebuild, so that seeds may change; without seeds it is asked again a little later.</param>
/// <param name="start">Starts the process's actors in a new system, before it joins.</param>
public sealed class DisposableCluster(Func<ClusterOptions> options, Action<ActorSystem> start, ILogger logger)
{
    private volatile ActorSystem? _system;

    /// <summary>How long a system may be without a reachable coordinator.</summary>
    public TimeSpan CoordinatorPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Pause before a rebuild.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Whether the process is a full member right now.</summary>
    public bool IsUp => _system is { } system && ClusterSystem.IsUp(system);

    /// <summary>The system of now; null between two.</summary>
    public ActorSystem? System => _system;

    /// <summary>Keeps a system in the cluster until cancelled; then leaves in good order.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var now = options();
            if (now.Seeds.Count > 0)
            {
                await RunOneAsync(now, stop);
            }

            await Task.Delay(Backoff, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunOneAsync(ClusterOptions now, CancellationToken stop)
    {
        ActorSystem system;
        try
        {
            system = ClusterSystem.Create(now);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            logger.LogError(e, "Cannot bind {Host}:{Port}; trying again.", now.Host, now.Port);
            return;
        }

        try
        {
            system.ActorOf(Props.Create(() => new CoordinatorWatch(CoordinatorPatience, logger)), "coordinator-watch");
            system.ActorOf(Props.Create(() => new QuarantineWatch()), "quarantine-watch");
            start(system);
            ClusterSystem.Join(system, now.Seeds);
            _system = system;
            await system.WhenTerminated.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            _system = null;
            await (stop.IsCancellationRequested ? ClusterSystem.LeaveAsync(system) : system.Terminate());
        }
    }
}
