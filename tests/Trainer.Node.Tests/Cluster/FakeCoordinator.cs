using System.Threading.Channels;
using Akka.Actor;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Cluster;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Cluster;

/// <summary>A coordinator's cluster system whose scheduler and job entities only listen.</summary>
internal sealed class FakeCoordinator : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly Channel<object> _heard = Channel.CreateUnbounded<object>();

    public FakeCoordinator(int port = 0)
    {
        System = ClusterSystem.Create(new ClusterOptions { Role = ClusterNames.CoordinatorRole, Host = "127.0.0.1", Port = port, Loggers = NullLoggerFactory.Instance });
        var ear = Props.Create(() => new Ear(_heard.Writer));
        ClusterActors.StartScheduler(System, ear);
        ClusterActors.StartJobs(System, _ => ear);
        ClusterSystem.Join(System, []);
    }

    public ActorSystem System { get; }

    public Address Address => ClusterSystem.SelfAddress(System);

    /// <summary>Waits for a message to the scheduler, or a worker's report to a job.</summary>
    public async Task<T> HearAsync<T>(Func<T, bool> wanted)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var message = await _heard.Reader.ReadAsync(patience.Token);
            if ((message is JobEnvelope envelope ? envelope.Report : message) is T heard && wanted(heard))
            {
                return heard;
            }
        }
    }

    public void Order(WorkerStatus worker, object order) => System.ActorSelection(worker.ActorPath).Tell(order);

    /// <summary>Gone without a word, as a process that was killed.</summary>
    public async ValueTask DisposeAsync()
    {
        await ((Akka.Remote.IRemoteActorRefProvider)((ExtendedActorSystem)System).Provider).Transport.Shutdown();
        await System.Terminate();
    }

    private sealed class Ear : UntypedActor
    {
        private readonly ChannelWriter<object> _heard;

        public Ear(ChannelWriter<object> heard) => _heard = heard;

        protected override void OnReceive(object message) => _heard.TryWrite(message);
    }
}
