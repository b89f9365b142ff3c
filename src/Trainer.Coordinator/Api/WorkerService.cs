using Grpc.Core;
using Trainer.Protos;

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
                }),
            },
        };
    }
}
