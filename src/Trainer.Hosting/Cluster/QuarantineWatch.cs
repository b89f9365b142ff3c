using Akka.Actor;
using Akka.Event;
using Akka.Remote;

namespace Trainer.Hosting.Cluster;

/// <summary>Terminates its actor system when a peer has quarantined it: no message of it would ever be heard there again.</summary>
public sealed class QuarantineWatch : ReceiveActor
{
    public QuarantineWatch()
    {
        var log = Context.GetLogger();
        Receive<ThisActorSystemQuarantinedEvent>(quarantined =>
        {
            log.Warning("Quarantined by {0}: this actor system ends.", quarantined.RemoteAddress);
            _ = Context.System.Terminate();
        });
    }

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
}
