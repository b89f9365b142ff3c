using System.Threading.Channels;
using Akka.Actor;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>Subscribes to a job for one watching caller, and again when its entity has moved or restarted. Completes the channel at the job's end.</summary>
internal sealed class JobWatcher : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan SubscribeAgain = TimeSpan.FromSeconds(5);

    private readonly JobEnvelope _subscription;
    private readonly IActorRef _jobs;
    private readonly ChannelWriter<object> _updates;
    private Job? _last;

    public JobWatcher(string id, IActorRef jobs, ChannelWriter<object> updates)
    {
        (_subscription, _jobs, _updates) = (new JobEnvelope { Job = id, Subscribe = new Subscribe() }, jobs, updates);
        Receive<JobUpdate>(Take);
        Receive<JobRefused>(refused =>
        {
            _updates.TryWrite(refused);
            _updates.TryComplete();
        });
        Receive<Terminated>(_ => Subscribe());
        Receive<Again>(_ => Subscribe());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer("again", Again.Instance, TimeSpan.Zero, SubscribeAgain);

    private void Take(JobUpdate update)
    {
        Context.Watch(Sender);
        if (!update.Job.Equals(_last))
        {
            _last = update.Job;
            _updates.TryWrite(update);
        }

        if (update.Job.State.HasEnded())
        {
            _updates.TryComplete();
        }
    }

    private void Subscribe()
    {
        if (_last is null || !_last.State.HasEnded())
        {
            _jobs.Tell(_subscription, Self);
        }
    }

    private sealed class Again : INoSerializationVerificationNeeded
    {
        public static readonly Again Instance = new();
    }
}
