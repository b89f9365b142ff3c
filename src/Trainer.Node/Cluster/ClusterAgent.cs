using Akka.Actor;
using Akka.Event;
using Trainer.Hosting.Cluster;
using Trainer.Node.Worker;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Cluster;

/// <summary>The worker's voice and ear in the cluster: orders in, reports and status out. Goes with its actor system; the next one has another.</summary>
/// <remarks>
/// <code>
///   job entity -- Enlist, Start, Hold, Fence, Save, Release, Query --> agent --> WorkerActor (system `training`)
///   API        -- DescribeServed --> agent --> WorkerActor -- Served --> API
///   job entity &lt;-- JobEnvelope(WorkerReport) -- region proxy &lt;-- agent &lt;-- WorkerActor
///   scheduler  &lt;-- WorkerStatus, every second and at every change -- agent &lt;-- WorkerRefused -- scheduler
/// </code>
/// </remarks>
public sealed class ClusterAgent : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(1);

    private readonly IActorRef _worker;
    private readonly IActorRef _jobs;
    private readonly IActorRef _scheduler;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private WorkerStatus? _status;
    private string _refusal = "";

    /// <param name="name">The worker's: orders for others are not ours.</param>
    /// <param name="worker">In the training system.</param>
    /// <param name="jobs">Takes <see cref="JobEnvelope"/>s.</param>
    /// <param name="scheduler">Takes <see cref="WorkerStatus"/>.</param>
    public ClusterAgent(string name, IActorRef worker, IActorRef jobs, IActorRef scheduler)
    {
        (_worker, _jobs, _scheduler) = (worker, jobs, scheduler);
        Receive<Enlist>(order => order.Worker == name, Obey);
        Receive<Start>(order => order.Worker == name, Obey);
        Receive<Hold>(order => order.Worker == name, Obey);
        Receive<Save>(order => order.Worker == name, Obey);
        Receive<Fence>(order => order.Worker == name, Obey);
        Receive<Release>(order => order.Worker == name, Obey);
        Receive<Query>(order => order.Worker == name, Obey);
        Receive<DescribeServed>(question => question.Worker == name, question => _worker.Tell(question, Sender));
        Receive<WorkerReport>(report => _jobs.Tell(new JobEnvelope { Job = report.Job, Report = report }));
        Receive<WorkerStatus>(Announce);
        Receive<WorkerRefused>(refused => refused.Worker == name, Complain);
        Receive<Tick>(_ => SendStatus());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _worker.Tell(new WorkerActor.Attach(Self));
        Timers.StartPeriodicTimer("status", Tick.Instance, StatusInterval);
    }

    private void Obey(object order) => _worker.Tell(order);

    private void Announce(WorkerStatus status)
    {
        var address = ClusterSystem.SelfAddress(Context.System);
        status.Node = $"{address.Host}:{address.Port}";
        status.ActorPath = Self.Path.ToStringWithAddress(address);
        status.Protocol = ClusterProtocol.Version;
        _status = status;
        SendStatus();
    }

    // Once: the answer comes to every status.
    private void Complain(WorkerRefused refused)
    {
        if (_refusal != refused.Reason)
        {
            _refusal = refused.Reason;
            _log.Error("The cluster does not take this worker: {0}", refused.Reason);
        }
    }

    private void SendStatus()
    {
        if (_status is not null)
        {
            _scheduler.Tell(_status);
        }
    }

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
