using Grpc.Core;
using Trainer.Coordinator.Scheduling;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>The workers that the scheduler knows.</summary>
public sealed class WorkerService(JobDirectory directory, IJobStore store) : Protos.WorkerService.WorkerServiceBase
{
    public override async Task<ListWorkersResponse> ListWorkers(ListWorkersRequest request, ServerCallContext context)
    {
        var reply = await directory.ListWorkersAsync(context.CancellationToken);
        var unknown = await UnknownAsync(reply.Workers.Select(worker => worker.Job).Where(job => job.Length > 0).Distinct());
        return new ListWorkersResponse
        {
            Workers = { reply.Workers.Zip(reply.LastSeenSeconds, (status, seen) => Show(status, seen, unknown.Contains(status.Job))) },
            Quarantines = { reply.Quarantines },
        };
    }

    public override async Task<Worker> GetWorker(GetWorkerRequest request, ServerCallContext context)
    {
        RequireName(request.Name);
        var reply = await directory.ListWorkersAsync(context.CancellationToken);
        var index = reply.Workers.Index().Where(worker => worker.Item.Worker == request.Name).Select(worker => worker.Index).DefaultIfEmpty(-1).First();
        if (index < 0)
        {
            throw ApiErrors.WorkerNotFound(request.Name);
        }

        var status = reply.Workers[index];
        return Show(status, reply.LastSeenSeconds[index], status.Job.Length > 0 && await store.FindAsync(status.Job) is null);
    }

    public override async Task<DrainWorkerResponse> DrainWorker(DrainWorkerRequest request, ServerCallContext context)
    {
        await DrainAsync(request.Name, request.Undo, context);
        return new DrainWorkerResponse();
    }

    public override async Task<UndrainWorkerResponse> UndrainWorker(UndrainWorkerRequest request, ServerCallContext context)
    {
        await DrainAsync(request.Name, undo: true, context);
        return new UndrainWorkerResponse();
    }

    public override async Task<ClearWorkerResponse> ClearWorker(ClearWorkerRequest request, ServerCallContext context)
    {
        RequireName(request.Name);
        _ = await store.QuarantinesAsync(); // Where the store is away, the caller hears that instead of the scheduler's silence.
        var reply = await directory.ClearAsync(new ClearWorker { Name = request.Name, Device = request.Device }, context.CancellationToken);
        return reply.Cleared.Count > 0 ? new ClearWorkerResponse { Cleared = { reply.Cleared } } : throw ApiErrors.NotQuarantined(request.Name, request.Device);
    }

    public override async Task<Job> AdoptWorker(AdoptWorkerRequest request, ServerCallContext context)
    {
        var (worker, served) = await OrphanAsync(request.Name, context.CancellationToken);
        if (served.Assignment is null)
        {
            throw ApiErrors.NotOrphaned($"Worker {worker.Worker} holds nothing of job {served.Job} yet: release it.");
        }

        if (served.Expectation is not null)
        {
            throw ApiErrors.NotOrphaned($"Job {served.Job} of worker {worker.Worker} verifies another one, of which nothing is known here: release it.");
        }

        var adopt = new AdoptJob { Served = served, Worker = worker.Worker, Numerics = worker.NumericsFor(served.Spec.WantedArithmetic()) ?? "" };
        return await directory.AskAsync(new JobEnvelope { Job = served.Job, Adopt = adopt }, context);
    }

    public override async Task<ReleaseWorkerResponse> ReleaseWorker(ReleaseWorkerRequest request, ServerCallContext context)
    {
        var (worker, served) = await OrphanAsync(request.Name, context.CancellationToken);
        directory.Order(worker, new Release { Job = served.Job, Worker = worker.Worker, Generation = served.Authority, Reason = "Released by the operator: the store does not know its job." });
        return new ReleaseWorkerResponse();
    }

    private async Task DrainAsync(string name, bool undo, ServerCallContext context)
    {
        RequireName(name);
        var reply = await directory.DrainAsync(new DrainWorker { Worker = name, Undo = undo }, context.CancellationToken);
        if (!reply.Known)
        {
            throw ApiErrors.WorkerNotFound(name);
        }
    }

    private static void RequireName(string name)
    {
        if (name.Length == 0)
        {
            throw ApiErrors.InvalidField("name", "is required");
        }
    }

    private static Worker Show(WorkerStatus status, double lastSeenSeconds, bool isOrphaned) => new()
    {
        Name = status.Worker,
        Node = status.Node,
        Device = status.Device,
        DeviceKind = status.DeviceKind,
        Threads = status.Threads,
        Job = status.Job,
        Numerics = status.Numerics,
        LastSeenSeconds = lastSeenSeconds,
        Draining = status.Leaving,
        Orphaned = isOrphaned,
        Quarantined = status.Quarantined,
        Machine = status.Machine,
    };

    /// <exception cref="RpcException">There is no such worker, or it is none of whose job the store knows nothing.</exception>
    private async Task<(WorkerStatus Worker, Served Served)> OrphanAsync(string name, CancellationToken stop)
    {
        RequireName(name);
        var workers = (await directory.ListWorkersAsync(stop)).Workers;
        var worker = workers.FirstOrDefault(known => known.Worker == name) ?? throw ApiErrors.WorkerNotFound(name);
        var served = await directory.DescribeAsync(worker, stop);
        return served.Job.Length == 0 ? throw ApiErrors.NotOrphaned($"Worker {name} serves no job.")
            : await store.FindAsync(served.Job) is not null ? throw ApiErrors.NotOrphaned($"Worker {name} serves job {served.Job}, which the store knows: cancel the job, or drain the worker.")
            : (worker, served);
    }

    private async Task<HashSet<string>> UnknownAsync(IEnumerable<string> jobs)
    {
        var unknown = new HashSet<string>(StringComparer.Ordinal);
        foreach (var job in jobs)
        {
            if (await store.FindAsync(job) is null)
            {
                unknown.Add(job);
            }
        }

        return unknown;
    }
}
