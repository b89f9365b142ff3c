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

    [Fact]
    public async Task What_fails_at_the_first_start_is_the_callers_affair()
    {
        var place = new DisposableCluster(() => TestCluster.Worker("127.0.0.1:1"), _ => throw new IOException("No space left on device"), NullLogger.Instance);

        Assert.Equal("No space left on device", (await Assert.ThrowsAsync<IOException>(() => place.RunAsync(CancellationToken.None))).Message);
    }

    [Fact]
    public async Task What_fails_later_is_told_once_and_tried_again()
    {
        var (log, starts) = (new Lines(), 0);
        using var stop = new CancellationTokenSource();
        var place = new DisposableCluster(() => TestCluster.Worker("127.0.0.1:1"), Start, log)
        {
            CoordinatorPatience = TimeSpan.FromSeconds(0.2),
            Backoff = TimeSpan.FromMilliseconds(1),
        };
        var running = place.RunAsync(stop.Token);
        await TestCluster.Eventually("five starts", () => Volatile.Read(ref starts) >= 5);
        await stop.CancelAsync();
        await running;

        Assert.Equal("No coordinator has taken this process in yet: 127.0.0.1:1 (connection refused). Trying on.", log.Told[0]);
        Assert.Equal("The cluster cannot be joined anew, trying on: No space left on device", log.Told[1]);
        Assert.Equal(2, log.Told.Count);

        void Start(ActorSystem system)
        {
            if (Interlocked.Increment(ref starts) > 1)
            {
                throw new IOException("No space left on device");
            }
        }
    }

    [Fact]
    public async Task An_unknown_seed_is_told_once()
    {
        var (log, asked) = (new Lines(), 0);
        using var stop = new CancellationTokenSource();
        var place = new DisposableCluster(Ask, _ => { }, log) { CoordinatorPatience = TimeSpan.FromSeconds(0.2), Backoff = TimeSpan.FromMilliseconds(1) };
        var running = place.RunAsync(stop.Token);
        await TestCluster.Eventually("three systems", () => Volatile.Read(ref asked) > 3);
        await stop.CancelAsync();
        await running;

        Assert.StartsWith("No coordinator has taken this process in yet: nosuchhost.invalid:4053 (", Assert.Single(log.Told));

        ClusterOptions Ask()
        {
            Interlocked.Increment(ref asked);
            return TestCluster.Worker("nosuchhost.invalid:4053");
        }
    }

    /// <summary>What was logged.</summary>
    private sealed class Lines : ILogger
    {
        public List<string> Told { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Told.Add(formatter(state, exception));
    }

    private static ActorSystem StartCoordinator()
    {
        var system = ClusterSystem.Create(TestCluster.Coordinator());
        ClusterSystem.Join(system, []);
        return system;
    }
}
