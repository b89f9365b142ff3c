using Akka.Actor;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Cluster;

namespace Trainer.Hosting.Tests.Cluster;

public sealed class DisposableClusterTests
{
    [Fact]
    public async Task A_worker_finds_a_restarted_coordinator_at_its_new_address()
    {
        var coordinator = StartCoordinator();
        var seed = ClusterSystem.SelfAddress(coordinator).ToString();
        var built = 0;
        using var stop = new CancellationTokenSource();
        var place = new DisposableCluster(() => TestCluster.Worker(seed), _ => built++, NullLogger.Instance)
        {
            CoordinatorPatience = TimeSpan.FromSeconds(2),
            Backoff = TimeSpan.FromMilliseconds(50),
        };
        var running = place.RunAsync(stop.Token);
        await TestCluster.Eventually("worker up", () => place.IsUp);
        var first = place.System;

        await TestCluster.Crash(coordinator);
        var second = StartCoordinator();
        seed = ClusterSystem.SelfAddress(second).ToString();
        await TestCluster.Eventually("worker up in a new system", () => place.IsUp && place.System != first);
        Assert.True(first!.WhenTerminated.IsCompleted);
        Assert.True(built >= 2, $"Actors were started {built} times.");

        await stop.CancelAsync();
        await running;
        Assert.Null(place.System);
        await TestCluster.Eventually("worker left", () => Akka.Cluster.Cluster.Get(second).State.Members.Count == 1);
        await Task.WhenAll(coordinator.Terminate(), second.Terminate());
    }

    [Fact]
    public async Task Without_seeds_it_asks_again()
    {
        var asked = 0;
        using var stop = new CancellationTokenSource();
        var place = new DisposableCluster(Ask, _ => Assert.Fail("Nothing to join."), NullLogger.Instance) { Backoff = TimeSpan.FromMilliseconds(1) };
        await place.RunAsync(stop.Token);
        Assert.Equal(3, asked);

        ClusterOptions Ask()
        {
            if (++asked == 3)
            {
                stop.Cancel();
            }

            return TestCluster.Worker();
        }
    }

    private static ActorSystem StartCoordinator()
    {
        var system = ClusterSystem.Create(TestCluster.Coordinator());
        ClusterSystem.Join(system, []);
        return system;
    }
}
