using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Cluster;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>What a scheduler needs.</summary>
/// <param name="Jobs">Takes <see cref="JobEnvelope"/>s.</param>
public sealed record SchedulerServices(IJobStore Store, IActorRef Jobs, SchedulerSettings Settings, TimeProvider Clock, WorkerCensus Census);

/// <summary>How many workers this process's scheduler sees; empty where it does not run. Written by the scheduler, read by the metrics.</summary>
public sealed class WorkerCensus
{
    private volatile ImmutableDictionary<string, int> _byState = ImmutableDictionary<string, int>.Empty;

    /// <summary>idle, busy.</summary>
    public IReadOnlyDictionary<string, int> ByState => _byState;

    internal void Take(IEnumerable<SeenWorker> workers)
    {
        var (idle, busy) = (0, 0);
        foreach (var worker in workers)
        {
            _ = worker.Status.Job.Length == 0 ? idle++ : busy++;
        }

        _byState = ImmutableDictionary.CreateRange([KeyValuePair.Create("idle", idle), KeyValuePair.Create("busy", busy)]);
    }

    internal void Close() => _byState = ImmutableDictionary<string, int>.Empty;
}

/// <summary>Tells jobs which workers they are to have, as <see cref="SchedulerState"/> decides. The cluster has one of it; what it knows comes anew within seconds.</summary>
public sealed class Scheduler : ReceiveActor, IWithTimers
{
    private readonly SchedulerServices _services;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);
    private SchedulerState _state;

    public Scheduler(SchedulerServices services)
    {
        _services = services;
        _state = new SchedulerState(services.Settings, Now);
        Receive<WorkerStatus>(HearOrRefuse);
        Receive<JobWanted>(job => Do(_state.Hear(job, Now)));
        Receive<JobSettled>(job => Do(_state.Hear(job, Now)));
        Receive<DrainWorker>(order =>
        {
            Sender.Tell(new DrainReply { Known = _state.Knows(order.Worker) });
            Do(_state.Drain(order, Now));
        });
        ReceiveAsync<QuarantineStored>(_ => ReadQuarantinesAsync());
        ReceiveAsync<ClearWorker>(ClearAsync);
        Receive<ListWorkersQuery>(_ => Sender.Tell(List()));
        Receive<QueueQuery>(_ => Sender.Tell(new WaitingJobs { Jobs = { _state.Waiting() } }));
        Receive<Tick>(_ => Do(_state.Tick(Now)));
        ReceiveAsync<WakeJobs>(async _ =>
        {
            await ReadQuarantinesAsync();
            await WakeAsync();
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private DateTimeOffset Now => _services.Clock.GetUtcNow();

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer("tick", Tick.Instance, _services.Settings.Tick);
        Timers.StartPeriodicTimer("wake", WakeJobs.Instance, TimeSpan.Zero, _services.Settings.WakeInterval);
    }

    protected override void PostStop() => _services.Census.Close();

    private void HearOrRefuse(WorkerStatus status)
    {
        if (ClusterProtocol.Refusal($"Worker {status.Worker} at {status.Node}", status.Protocol) is { } reason)
        {
            Sender.Tell(new WorkerRefused { Worker = status.Worker, Reason = reason });
            if (_refused.Add(status.Incarnation))
            {
                _log.Warning("{0}", reason);
            }
        }
        else
        {
            Do(_state.Hear(status, Now));
        }
    }

    private void Do(SchedulerDecision decision)
    {
        _state = decision.Next;
        _services.Census.Take(_state.Workers.Values);
        foreach (var message in decision.Messages)
        {
            _services.Jobs.Tell(message, Self);
        }
    }

    private ListWorkersReply List()
    {
        var now = Now;
        return new ListWorkersReply
        {
            Workers = { _state.Workers.Values.Select(worker => worker.Status) },
            Quarantines = { _state.Quarantines.Entries },
            LastSeenSeconds = { _state.Workers.Values.Select(worker => (now - worker.LastSeen).TotalSeconds) },
        };
    }

    private async Task ReadQuarantinesAsync() => Do(_state.Quarantine(new Quarantines(await _services.Store.QuarantinesAsync()), Now));

    private async Task ClearAsync(ClearWorker order)
    {
        var sender = Sender;
        await ReadQuarantinesAsync();
        var cleared = _state.Quarantines.Named(order.Name, order.Device, _state.Workers.Values.Select(worker => worker.Status));
        foreach (var entry in cleared)
        {
            await _services.Store.ClearAsync(entry.Machine, entry.Device);
            _log.Info("Machine {0}, device {1} is out of quarantine.", entry.Machine, entry.Device);
        }

        await ReadQuarantinesAsync();
        sender.Tell(new ClearReply { Cleared = { cleared } });
    }

    // After a restart of a coordinator nobody else would bring its jobs back.
    private async Task WakeAsync()
    {
        foreach (var job in await _services.Store.ActiveIdsAsync())
        {
            _services.Jobs.Tell(new JobEnvelope { Job = job, Wake = new Wake() }, Self);
        }
    }

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }

    private sealed class WakeJobs : INoSerializationVerificationNeeded
    {
        public static readonly WakeJobs Instance = new();
    }
}
