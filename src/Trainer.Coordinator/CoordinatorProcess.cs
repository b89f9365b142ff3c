using Akka.Actor;
using Microsoft.Extensions.Logging;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Outbox;
using Trainer.Coordinator.Scheduling;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Run;

namespace Trainer.Coordinator;

/// <summary>What tests make quicker.</summary>
internal sealed record CoordinatorTuning
{
    public Func<JobSettings, JobSettings> Jobs { get; init; } = settings => settings;

    public SchedulerSettings Scheduler { get; init; } = new();

    public OutboxSettings Outbox { get; init; } = new();

    /// <summary>HOCON.</summary>
    public string Cluster { get; init; } = "";
}

/// <summary>A running coordinator: store, cluster member, web server, in the order in which they start; they end in the reverse one.</summary>
internal sealed class CoordinatorProcess : IAsyncDisposable
{
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CountInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BeatInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RoomInterval = TimeSpan.FromSeconds(10);

    private readonly IJobStore _store;
    private readonly ArtifactStores _stores;
    private readonly JobCensus _jobs;
    private readonly RoomCensus _room;
    private readonly Membership _membership;
    private readonly JobLog _log;
    private readonly JobCurves _curves;
    private readonly ActorSystem _system;
    private readonly CoordinatorWeb _web;
    private readonly ControlMetrics _metrics;
    private readonly RunFolderEntry _entry;
    private readonly Receivers _receivers;
    private readonly ProcessCertificates? _certificates;

    private CoordinatorProcess(IJobStore store, JobCensus jobs, RoomCensus room, Membership membership, JobLog log, JobCurves curves, ArtifactStores stores, ActorSystem system, CoordinatorWeb web, ControlMetrics metrics, RunFolderEntry entry, Receivers receivers, ProcessCertificates? certificates) =>
        (_store, _jobs, _room, _membership, _log, _curves, _stores, _system, _web, _metrics, _entry, _receivers, _certificates) = (store, jobs, room, membership, log, curves, stores, system, web, metrics, entry, receivers, certificates);

    /// <summary>http://host:port of the job API; https where it has certificates of its own.</summary>
    public string Grpc => _web.Grpc;

    /// <summary>http://host:port of metrics and health.</summary>
    public string Http => _web.Http;

    /// <summary>akka.tcp://trainer@host:port</summary>
    public string Cluster => ClusterSystem.SelfAddress(_system).ToString();

    /// <summary>Ends when the cluster does not want this coordinator any more.</summary>
    public Task Expelled => _system.WhenTerminated;

    internal ActorSystem System => _system;

    internal CoordinatorWeb Web => _web;

    public void WarnOfInsecure(ILogger logger) => HostCertificates.WarnOfInsecure(_certificates, logger);

    public static async Task<CoordinatorProcess> StartAsync(CoordinatorOptions options, CoordinatorTuning tuning, ILoggerFactory loggers, CancellationToken stop = default)
    {
        var undo = new Stack<Func<ValueTask>>();
        try
        {
            OwnHost.RequireResolved(options.Host);
            if (!ArtifactLocation.IsBucket(options.Artifacts))
            {
                PrivateFiles.RefuseFiles(options.Artifacts);
            }

            var entry = new RunFolderEntry(options);
            undo.Push(() => Done(entry.Dispose));
            var certificates = HostCertificates.Load(options.Certificates, options.Run, options.Insecure, PeerRoles.Coordinator, loggers.CreateLogger("Trainer.Coordinator"));
            undo.Push(() => Done(() => certificates?.Dispose()));
            var (written, viewers) = (new LogSignal(), new JobViewers());
            var metrics = new ControlMetrics();
            undo.Push(() => Done(metrics.Dispose));
            var store = await StoreOpening.OpenAsync(options.Store, metrics.StoreAnswered, Receivers.Names(options), loggers.CreateLogger("Trainer.Coordinator"), stop);
            undo.Push(() => Done(store.Dispose));
            var stores = new ArtifactStores(() => options.Buckets.Connect());
            undo.Push(() => Done(stores.Dispose));
            var counts = new JobCensus(store, CountInterval);
            undo.Push(counts.DisposeAsync);
            metrics.ObserveJobs(() => counts.ByState);
            var log = new JobLog(store.AppendLogAsync, written, metrics.LogLineDropped);
            undo.Push(log.DisposeAsync);
            var curves = new JobCurves(store.AppendCurvesAsync);
            undo.Push(curves.DisposeAsync);
            var receivers = new Receivers(options, store, tuning.Outbox, metrics, loggers.CreateLogger("Trainer.Coordinator"));
            undo.Push(receivers.DisposeAsync);
            var system = ClusterSystem.Create(new ClusterOptions
            {
                Role = ClusterNames.CoordinatorRole,
                Host = options.Host,
                Port = options.ClusterPort,
                Seeds = options.Seeds,
                Certificates = certificates,
                Loggers = loggers,
                Overrides = tuning.Cluster,
            });
            undo.Push(async () => await system.Terminate());
            var census = new WorkerCensus();
            var (jobs, scheduler) = StartActors(system, options, tuning, store, log, curves, metrics, viewers, census);
            receivers.Start(system);
            var room = new RoomCensus(() => census.Served, store, () => stores.Open(options.Artifacts), RoomInterval);
            undo.Push(room.DisposeAsync);
            metrics.ObserveRoom(() => room.FreeBytes, () => room.Orphans);
            var membership = new Membership(system, options.Seeds, store, BeatInterval);
            undo.Push(membership.DisposeAsync);
            var web = await CoordinatorWeb.StartAsync(options, certificates, store, stores, metrics, written, viewers, new JobDirectory(system, jobs, scheduler), () => ClusterSystem.IsUp(system), loggers);
            undo.Push(web.DisposeAsync);
            entry.Publish(ClusterSystem.SelfAddress(system), web);
            return new CoordinatorProcess(store, counts, room, membership, log, curves, stores, system, web, metrics, entry, receivers, certificates);
        }
        catch
        {
            while (undo.TryPop(out var step))
            {
                await step();
            }

            throw;
        }
    }

    /// <summary>Calls end first, then the cluster is left, in good order if that is quick.</summary>
    public async ValueTask DisposeAsync()
    {
        _entry.Withdraw();
        await _web.DisposeAsync();
        await _membership.DisposeAsync();
        await Task.WhenAny(ClusterSystem.LeaveAsync(_system), Task.Delay(LeaveTimeout));
        await _system.Terminate();
        await _receivers.DisposeAsync();
        await _room.DisposeAsync();
        await _log.DisposeAsync();
        await _curves.DisposeAsync();
        _metrics.Dispose();
        _stores.Dispose();
        await _jobs.DisposeAsync();
        _store.Dispose();
        _certificates?.Dispose();
        _entry.Dispose();
    }

    private static (IActorRef Jobs, IActorRef Scheduler) StartActors(
        ActorSystem system, CoordinatorOptions options, CoordinatorTuning tuning, IJobStore store, JobLog log, JobCurves curves, ControlMetrics metrics, JobViewers viewers, WorkerCensus census)
    {
        var scheduler = ClusterActors.StartSchedulerProxy(system);
        var settings = tuning.Jobs(new JobSettings { Artifacts = options.Artifacts });
        var services = new JobServices(store, log, scheduler, settings, TimeProvider.System, metrics, JobFeeds.Start(system, viewers), curves, AreTraced: options.Otlp is not null);
        var jobs = ClusterActors.StartJobs(system, id => Props.Create(() => new JobEntity(id, services)));
        var schedulerServices = new SchedulerServices(store, jobs, tuning.Scheduler with { Quotas = options.Quotas }, TimeProvider.System, census);
        ClusterActors.StartScheduler(system, Props.Create(() => new Scheduler(schedulerServices)));
        system.ActorOf(Props.Create(() => new WorkerReaper()), "worker-reaper");
        system.ActorOf(Props.Create(() => new QuarantineWatch()), "quarantine-watch");

        metrics.ObserveWorkers(() => census.ByState);
        metrics.ObserveWanted(() => census.Wanted);
        metrics.ObserveEvicted(() => census.Evicted);
        metrics.ObserveMembers(() => ClusterCensus.Members(system), () => ClusterCensus.Unreachable(system));
        return (jobs, scheduler);
    }

    private static ValueTask Done(Action action)
    {
        action();
        return default;
    }
}
