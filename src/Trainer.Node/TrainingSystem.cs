using Akka.Actor;
using Akka.Configuration;

namespace Trainer.Node;

/// <summary>The actor system that trains: local, without remoting, and never restarted while the process lives.</summary>
public static class TrainingSystem
{
    /// <summary>One thread per actor: a link's writer, which may block on its socket, and the all-reduce, which sums.</summary>
    public const string LinkDispatcher = "link-dispatcher";

    private const string Settings = """
        akka {
          loglevel = WARNING
          stdout-loglevel = OFF
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          coordinated-shutdown { exit-clr = off, run-by-clr-shutdown-hook = off }
        }
        link-dispatcher { type = PinnedDispatcher }
        """;

    public static ActorSystem Create() => ActorSystem.Create("training", ConfigurationFactory.ParseString(Settings));
}
