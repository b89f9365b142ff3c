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
    private volatile bool _joined;
    private volatile string _lastTold = "";
    private bool _started;

    /// <summary>How long a system may be without a reachable coordinator.</summary>
    public TimeSpan CoordinatorPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Pause before a rebuild.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Whether the process is a full member right now.</summary>
    public bool IsUp => _system is { } system && ClusterSystem.IsUp(system);

    /// <summary>The system of now; null between two.</summary>
    public ActorSystem? System => _system;

    /// <summary>Keeps a system in the cluster until cancelled; then leaves in good order.</summary>
    /// <exception cref="Exception">
    /// The first system could not be made: its process has nothing to lose and should say so and end. A later one that cannot be made is tried again,
    /// because what the process does besides must go on.
    /// </exception>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var now = options();
                if (now.Seeds.Count > 0)
                {
                    await RunOneAsync(now, stop);
                }
                else
                {
                    Tell("There is no coordinator to join yet; waiting for one.");
                }
            }
            catch (Exception e) when (_started && e is not OutOfMemoryException)
            {
                Tell($"The cluster cannot be joined anew, trying on: {e.Message}");
            }

            await Task.Delay(Backoff, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunOneAsync(ClusterOptions now, CancellationToken stop)
    {
        var system = ClusterSystem.Create(now);
        try
        {
            _joined = false;
            system.ActorOf(Props.Create(() => new CoordinatorWatch(CoordinatorPatience, Joined)), "coordinator-watch");
            system.ActorOf(Props.Create(() => new QuarantineWatch()), "quarantine-watch");
            start(system);
            ClusterSystem.Join(system, now.Seeds);
            (_system, _started) = (system, true);
            var ended = system.WhenTerminated.WaitAsync(stop);
            await Task.WhenAny(ended, Task.Delay(CoordinatorPatience / 4, stop));
            await TellUnlessJoinedAsync(now, stop);
            await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_joined && !stop.IsCancellationRequested)
            {
                Tell($"The cluster was lost: {await SeedProbe.DescribeAsync(now.Seeds, now.Certificates, stop)}. Joining anew.");
            }
        }
        finally
        {
            _system = null;
            await (stop.IsCancellationRequested ? ClusterSystem.LeaveAsync(system) : system.Terminate());
        }
    }

    private async Task TellUnlessJoinedAsync(ClusterOptions now, CancellationToken stop)
    {
        if (!_joined && !stop.IsCancellationRequested)
        {
            Tell($"No coordinator has taken this process in yet: {await SeedProbe.DescribeAsync(now.Seeds, now.Certificates, stop)}. Trying on.");
        }
    }

    private void Joined()
    {
        logger.LogInformation("Joined the cluster.");
        (_joined, _lastTold) = (true, "");
    }

    /// <summary>Says something once, and again only after something else.</summary>
    private void Tell(string warning)
    {
        if (warning != _lastTold)
        {
            logger.LogWarning("{Warning}", warning);
            _lastTold = warning;
        }
    }
}
