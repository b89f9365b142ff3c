using Akka.Actor;
using Trainer.Hosting.Cluster;

namespace Trainer.Hosting.Tests.Cluster;

/// <summary>Members on loopback with intervals short enough for tests.</summary>
internal static class TestCluster
{
    public const string Quick = """
        akka.cluster {
          seed-node-timeout = 1s
          retry-unsuccessful-join-after = 1s
          gossip-interval = 100ms
          leader-actions-interval = 100ms
          unreachable-nodes-reaper-interval = 100ms
          periodic-tasks-initial-delay = 100ms
          failure-detector { heartbeat-interval = 200ms, acceptable-heartbeat-pause = 1s }
          down-removal-margin = 200ms
          split-brain-resolver.stable-after = 1s
          sharding { retry-interval = 200ms, rebalance-interval = 1s }
          singleton-proxy.singleton-identification-interval = 200ms
        }
        """;

    public static ClusterOptions Coordinator(params string[] seeds) =>
        new() { Role = ClusterNames.CoordinatorRole, Host = "127.0.0.1", Seeds = seeds, Overrides = Quick };

    public static ClusterOptions Worker(params string[] seeds) =>
        new() { Role = ClusterNames.WorkerRole, Host = "127.0.0.1", Seeds = seeds, Overrides = Quick };

    /// <summary>Waits until <paramref name="condition"/> holds; fails naming <paramref name="what"/>.</summary>
    public static async Task Eventually(string what, Func<bool> condition, double seconds = 30)
    {
        var stopwatch = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(stopwatch.Elapsed.TotalSeconds < seconds, $"Not within {seconds} s: {what}.");
            await Task.Delay(20);
        }
    }

    /// <summary>Cuts the process's network as a crash would: no message says goodbye.</summary>
    public static Task Crash(ActorSystem system) =>
        ((Akka.Remote.RemoteActorRefProvider)((ExtendedActorSystem)system).Provider).Transport.Shutdown();
}
