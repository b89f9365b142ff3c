using Akka.Cluster.Sharding;
using Akka.Cluster.Tools.Singleton;
using Akka.Configuration;

namespace Trainer.Hosting.Cluster;

/// <summary>The cluster's configuration. Only role, address and the number of coordinators differ between processes.</summary>
internal static class ClusterSettings
{
    // Why some values are not Akka's defaults:
    // scheduler      every tick wakes a thread; nothing here needs it every 10 ms
    // seeds          the first of several coordinators forms a cluster of its own where no other answers for so long: a busy machine must not make two of one
    // dispatchers    heartbeats and gossip run on threads of their own, so neither training nor a busy thread pool delays them
    // intervals      a worker that comes back is to work within seconds: of Akka's own intervals of 1 to 2 s it would wait for three or four, one after another
    // resolver       only coordinators vote: a group of workers must not outvote the control plane. Losing workers one after another
    //                counts as instability, which by default downs healthy members
    // gate           a process that comes back on its address is talked to again after 1 s instead of 5 s
    // transport      Akka's own ends the whole system when a handshake fails, and takes a new certificate only in a new one
    // shutdown       leaving is ClusterSystem.LeaveAsync; terminating a system without leaving takes no time
    // passivation    a job entity decides itself when it has ended
    private const string Common = """
        akka {
          loglevel = INFO
          stdout-logger-class = "Trainer.Hosting.Cluster.SilentLogger, Trainer.Hosting"
          loggers = ["Trainer.Hosting.Cluster.LoggerBridge, Trainer.Hosting"]
          scheduler.tick-duration = 100ms
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          actor {
            provider = cluster
            serializers.json = "Trainer.Hosting.Cluster.NoFallbackSerializer, Trainer.Hosting"
            log-serializer-override-on-start = off
            serialization-settings.allow-unregistered-types = false
            internal-dispatcher {
              executor = "Trainer.Hosting.Cluster.ThreadsExecutorConfigurator, Trainer.Hosting"
              threads.count = 3
            }
          }
          remote {
            default-remote-dispatcher {
              executor = "Trainer.Hosting.Cluster.ThreadsExecutorConfigurator, Trainer.Hosting"
              threads.count = 3
            }
            handshake-timeout = 5s
            retry-gate-closed-for = 1s
            enabled-transports = ["akka.remote.peers"]
            peers {
              transport-class = "Trainer.Hosting.Cluster.PeerTransport, Trainer.Hosting"
              applied-adapters = []
              transport-protocol = tcp
            }
          }
          coordinated-shutdown {
            exit-clr = off
            run-by-clr-shutdown-hook = off
            run-by-actor-system-terminate = off
          }
          cluster {
            periodic-tasks-initial-delay = 250ms
            gossip-interval = 500ms
            leader-actions-interval = 250ms
            down-removal-margin = 3s
            failure-detector {
              threshold = 8
              heartbeat-interval = 1s
              acceptable-heartbeat-pause = 3s
            }
            split-brain-resolver {
              stable-after = 7s
              down-all-when-unstable = off
              keep-majority.role = coordinator
              keep-oldest { role = coordinator, down-if-alone = off }
            }
            sharding {
              role = coordinator
              state-store-mode = ddata
              remember-entities = off
              passivate-idle-entity-after = off
              handoff-timeout = 20s
              retry-interval = 500ms
              distributed-data.majority-min-cap = 3
              distributed-data.durable.keys = []
            }
            singleton.role = coordinator
            singleton-proxy { role = coordinator, singleton-identification-interval = 250ms, log-singleton-identification-failure = off }
          }
        }
        """;

    public static Config For(ClusterOptions options) =>
        ConfigurationFactory.ParseString(options.Overrides)
            .WithFallback(ConfigurationFactory.ParseString(Own(options)))
            .WithFallback(ConfigurationFactory.ParseString(Common))
            .WithFallback(ClusterSharding.DefaultConfig())
            .WithFallback(ClusterSingleton.DefaultConfig())
            .WithFallback(ConfigurationFactory.Default());

    private static string Own(ClusterOptions options) => $$"""
        akka.remote.peers { hostname = "{{OwnHost.InAddress(options.Host)}}", port = {{options.Port}} }
        akka.cluster.roles = ["{{options.Role}}"]
        akka.cluster.seed-node-timeout = {{(options.Seeds.Count > 1 ? "15s" : "5s")}}
        akka.cluster.split-brain-resolver.active-strategy = {{(options.Seeds.Count > 1 ? "keep-majority" : "keep-oldest")}}
        """;
}
