using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Cluster;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>What a scheduler needs.</summary>
/// <param name="Jobs">Takes <see cref="JobEnvelope"/>s.</param>
public sealed record SchedulerServices(IJobStore Store, IActorRef Jobs, SchedulerSettings Settings, TimeProvider Clock, WorkerCensus Census);

/// <summary>How many workers this process's scheduler sees; empty where it does not run. Written by the scheduler, read by the metrics.</summary>
public sealed class WorkerCensus
{
    private volatile ImmutableDictionary<string, int> _byState = ImmutableDictionary<string, int>.Empty;
    private volatile IReadOnlyCollection<string>? _served;
    private volatile IReadOnlyCollection<(string Job, string Worker)> _evicted = [];
    private volatile SchedulerState? _state;

    /// <summary>The job of each worker that serves one; null where the scheduler does not run.</summary>
    public IReadOnlyCollection<string>? Served => _served;

    /// <summary>Whom a job does without for a while, though it lives.</summary>
    public IReadOnlyCollection<(string Job, string Worker)> Evicted => _evicted;

    /// <summary>idle, busy, shut: it takes no job.</summary>
    public IReadOnlyDictionary<string, int> ByState => _byState;

    /// <summary>How many all jobs could use together, by kind of device (<see cref="WorkersWanted"/>). Counted for whoever asks: the scheduler hears of jobs far more often.</summary>
    public IReadOnlyDictionary<string, int> Wanted =>
        _state is { } state ? WorkersWanted.Of(state.Jobs.Values.Select(job => job.ToAllocate()), state.Settings.Quotas) : ImmutableSortedDictionary<string, int>.Empty;

    internal void Take(SchedulerState state)
    {
        List<WorkerStatus> workers = [.. state.Workers.Values.Select(worker => worker.Status)];
        var idle = workers.Count(worker => worker.Job.Length == 0 && !worker.Leaving && !Allocation.IsShut(worker));
        _served = [.. workers.Select(worker => worker.Job).Where(job => job.Length > 0)];
        _byState = ImmutableDictionary.CreateRange(
            [KeyValuePair.Create("idle", idle), KeyValuePair.Create("busy", _served.Count), KeyValuePair.Create("shut", workers.Count - idle - _served.Count)]);
        _evicted = [.. state.Jobs.Values.SelectMany(job => job.Wanted.Avoid.Where(state.Workers.ContainsKey).Select(worker => (job.Wanted.Job, worker)))];
        _state = state;
    }

    internal void Close() => (_byState, _served, _evicted, _state) = (ImmutableDictionary<string, int>.Empty, null, [], null);
}

/// <summary>Tells jobs which workers they are to have, as <see cref="SchedulerState"/> decides. The cluster has one of it; what it knows comes anew within seconds.</summary>
public sealed class Scheduler : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan ReadAgain = TimeSpan.FromSeconds(1);

    private readonly SchedulerServices _services;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);
    private SchedulerState _state;
    private string _away = "";

    public Scheduler(SchedulerServices services)
    {
        _services = services;
        _state = new SchedulerState(services.Settings, Now);
        Receive<WorkerStatus>(HearOrRefuse);
        Receive<JobWanted>(job => Do(_state.Hear(job, Now)));
        Receive<JobSettled>(job => Do(_state.Hear(job, Now)));
        Receive<DrainWorker>(order =>
        {
            var isKnown = _state.Knows(order.Worker);
            Do(_state.Drain(order, Now));
            Sender.Tell(new DrainReply { Known = isKnown });
        });
        Receive<QuarantineStored>(_ => Read());
        Receive<ClearWorker>(Clear);
        Receive<StoreRead>(Take);
        Receive<Cleared>(Take);
        Receive<StoreAway>(Wait);
        Receive<ListWorkersQuery>(_ => Sender.Tell(List()));
        Receive<QueueQuery>(_ => Sender.Tell(new WaitingJobs { Jobs = { _state.Waiting() } }));
        Receive<Tick>(_ => Do(_state.Tick(Now)));
        Receive<WakeJobs>(_ => Read());
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
            if (_state.TakenOver(status, Now) is { } twice)
            {
                _log.Warning("{0}", twice);
            }

            Do(_state.Hear(status, Now));
        }
    }

    private void Do(SchedulerDecision decision)
    {
        _state = decision.Next;
        _services.Census.Take(_state);
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

    // Beside the mailbox: while the store is silent, workers and jobs are heard and told all the same.
    private void Read() => _ = ReadAsync().PipeTo<object>(Self, failure: fault => new StoreAway(fault));

    private async Task<object> ReadAsync() => new StoreRead(new Quarantines(await _services.Store.QuarantinesAsync()), await _services.Store.ActiveIdsAsync());

    // After a restart of a coordinator nobody else would bring its jobs back.
    private void Take(StoreRead read)
    {
        if (_away.Length > 0)
        {
            _log.Info("The store answers again.");
            _away = "";
        }

        Do(_state.Quarantine(read.Quarantines, Now));
        foreach (var job in read.Active)
        {
            _services.Jobs.Tell(new JobEnvelope { Job = job, Wake = new Wake() }, Self);
        }
    }

    private void Wait(StoreAway away)
    {
        if (away.Fault is not StoreException)
        {
            throw new InvalidOperationException("The scheduler cannot read the store.", away.Fault);
        }

        if (_away != away.Fault.Message)
        {
            _away = away.Fault.Message;
            _log.Warning("{0} Nobody is taken into or out of quarantine, and no job is woken, until it answers.", _away);
        }

        Timers.StartSingleTimer("read again", WakeJobs.Instance, ReadAgain);
    }

    private void Clear(ClearWorker order)
    {
        var workers = _state.Workers.Values.Select(worker => worker.Status).ToList();
        _ = ClearAsync(order, workers).PipeTo<object>(Self, Sender, failure: fault => new StoreAway(fault));
    }

    private async Task<object> ClearAsync(ClearWorker order, IReadOnlyList<WorkerStatus> workers)
    {
        var cleared = new Quarantines(await _services.Store.QuarantinesAsync()).Named(order.Name, order.Device, workers).ToList();
        foreach (var entry in cleared)
        {
            await _services.Store.ClearAsync(entry.Machine, entry.Device);
        }

        return new Cleared(cleared, new Quarantines(await _services.Store.QuarantinesAsync()));
    }

    private void Take(Cleared cleared)
    {
        foreach (var entry in cleared.Entries)
        {
            _log.Info("Machine {0}, device {1} is out of quarantine.", entry.Machine, entry.Device);
        }

        Do(_state.Quarantine(cleared.Left, Now));
        Sender.Tell(new ClearReply { Cleared = { cleared.Entries } });
    }

    private sealed record StoreRead(Quarantines Quarantines, IReadOnlyList<string> Active) : INoSerializationVerificationNeeded;

    private sealed record Cleared(IReadOnlyList<Quarantine> Entries, Quarantines Left) : INoSerializationVerificationNeeded;

    private sealed record StoreAway(Exception Fault) : INoSerializationVerificationNeeded;

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }

    private sealed class WakeJobs : INoSerializationVerificationNeeded
    {
        public static readonly WakeJobs Instance = new();
    }
}
