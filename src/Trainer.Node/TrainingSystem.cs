using Akka.Actor;
using Akka.Configuration;
using Trainer.Node.Links;

namespace Trainer.Node;

/// <summary>The actor system that trains: local, without remoting, and never restarted while the process lives.</summary>
public static class TrainingSystem
{
    private const string Settings = """
        akka {
          loglevel = WARNING
          stdout-loglevel = OFF
          scheduler.tick-duration = 100ms
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          coordinated-shutdown { exit-clr = off, run-by-clr-shutdown-hook = off }
        }

        """ + LinkDispatcher.Settings;

    public static ActorSystem Create() => ActorSystem.Create("training", ConfigurationFactory.ParseString(Settings));
}
