using Akka.Actor;
using Akka.Event;
using Trainer.Hosting.Cluster;
using Trainer.Node.Worker;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Cluster;

/// <summary>The workers' voice and ear in the cluster: orders in, reports and statuses out. One for all workers of a process. Goes with its actor system; the next one has another.</summary>
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

    private readonly IReadOnlyDictionary<string, IActorRef> _workers;
    private readonly IActorRef _jobs;
    private readonly IActorRef _scheduler;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Dictionary<string, WorkerStatus> _statuses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _refusals = new(StringComparer.Ordinal);

    /// <param name="workers">In the training system, by name: orders for others are not ours.</param>
    /// <param name="jobs">Takes <see cref="JobEnvelope"/>s.</param>
    /// <param name="scheduler">Takes <see cref="WorkerStatus"/>.</param>
    public ClusterAgent(IReadOnlyDictionary<string, IActorRef> workers, IActorRef jobs, IActorRef scheduler)
    {
        (_workers, _jobs, _scheduler) = (workers, jobs, scheduler);
        Receive<Enlist>(order => Pass(order.Worker, order));
        Receive<Start>(order => Pass(order.Worker, order));
        Receive<Hold>(order => Pass(order.Worker, order));
        Receive<Save>(order => Pass(order.Worker, order));
        Receive<Fence>(order => Pass(order.Worker, order));
        Receive<Release>(order => Pass(order.Worker, order));
        Receive<Query>(order => Pass(order.Worker, order));
        Receive<DescribeServed>(question => Pass(question.Worker, question));
        Receive<WorkerReport>(report => _jobs.Tell(new JobEnvelope { Job = report.Job, Report = report }));
        Receive<WorkerStatus>(Announce);
        Receive<WorkerRefused>(refused => workers.ContainsKey(refused.Worker), Complain);
        Receive<Tick>(_ => SendStatuses());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        foreach (var worker in _workers.Values)
        {
            worker.Tell(new WorkerActor.Attach(Self));
        }

        Timers.StartPeriodicTimer("status", Tick.Instance, StatusInterval);
    }

    /// <summary>False: it is for nobody here.</summary>
    private bool Pass(string name, object message)
    {
        var isHere = _workers.TryGetValue(name, out var worker);
        worker?.Tell(message, Sender);
        return isHere;
    }

    private void Announce(WorkerStatus status)
    {
        var address = ClusterSystem.SelfAddress(Context.System);
        status.Node = $"{address.Host}:{address.Port}";
        status.ActorPath = Self.Path.ToStringWithAddress(address);
        status.Protocol = ClusterProtocol.Version;
        _statuses[status.Worker] = status;
        _scheduler.Tell(status);
    }

    // Once: the answer comes to every status.
    private void Complain(WorkerRefused refused)
    {
        if (_refusals.GetValueOrDefault(refused.Worker, "") != refused.Reason)
        {
            _refusals[refused.Worker] = refused.Reason;
            _log.Error("The cluster does not take this worker: {0}", refused.Reason);
        }
    }

    private void SendStatuses()
    {
        foreach (var status in _statuses.Values)
        {
            _scheduler.Tell(status);
        }
    }

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
