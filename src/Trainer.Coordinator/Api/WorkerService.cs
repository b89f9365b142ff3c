using Grpc.Core;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>The workers that the scheduler knows.</summary>
public sealed class WorkerService(JobDirectory directory) : Protos.WorkerService.WorkerServiceBase
{
    public override async Task<ListWorkersResponse> ListWorkers(ListWorkersRequest request, ServerCallContext context)
    {
        var reply = await directory.ListWorkersAsync(context.CancellationToken);
        return new ListWorkersResponse
        {
            Workers =
            {
                reply.Workers.Zip(reply.LastSeenSeconds, (status, seen) => new Worker
                {
                    Name = status.Worker,
                    Node = status.Node,
                    Device = status.Device,
                    DeviceKind = status.DeviceKind,
                    Threads = status.Threads,
                    Job = status.Job,
                    Numerics = status.Numerics,
                    LastSeenSeconds = seen,
                    Draining = status.Leaving,
                }),
            },
        };
    }

    public override async Task<DrainWorkerResponse> DrainWorker(DrainWorkerRequest request, ServerCallContext context)
    {
        if (request.Name.Length == 0)
        {
            throw ApiErrors.InvalidField("name", "is required");
        }

        var reply = await directory.DrainAsync(new DrainWorker { Worker = request.Name, Undo = request.Undo }, context.CancellationToken);
        return reply.Known ? new DrainWorkerResponse() : throw ApiErrors.WorkerNotFound(request.Name);
    }
}
