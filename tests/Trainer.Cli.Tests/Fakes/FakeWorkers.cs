using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Fakes;

internal sealed class FakeWorkers(FakeApi api) : WorkerService.WorkerServiceBase
{
    public override Task<ListWorkersResponse> ListWorkers(ListWorkersRequest request, ServerCallContext context) =>
        Task.FromResult(new ListWorkersResponse { Workers = { api.Workers }, Quarantines = { api.Quarantines } });

    public override Task<ClearWorkerResponse> ClearWorker(ClearWorkerRequest request, ServerCallContext context)
    {
        var cleared = api.Quarantines.Where(entry => entry.Machine == request.Name && (request.Device.Length == 0 || entry.Device == request.Device)).ToList();
        return cleared.Count > 0
            ? Task.FromResult(new ClearWorkerResponse { Cleared = { cleared } })
            : throw new RpcException(new Status(StatusCode.NotFound, $"Nothing of machine or worker {request.Name} is in quarantine."));
    }

    public override Task<Job> AdoptWorker(AdoptWorkerRequest request, ServerCallContext context)
    {
        var job = api.Find(Orphan(request.Name).Job);
        (job.State, job.Message) = (JobState.Recovering, "The store did not know this job.");
        return Task.FromResult(job);
    }

    public override Task<ReleaseWorkerResponse> ReleaseWorker(ReleaseWorkerRequest request, ServerCallContext context)
    {
        Orphan(request.Name).Job = "";
        return Task.FromResult(new ReleaseWorkerResponse());
    }

    private Worker Orphan(string name) => api.Workers.Find(worker => worker.Name == name && worker.Orphaned)
        ?? throw new RpcException(new Status(StatusCode.FailedPrecondition, $"Worker {name} serves no job."));

    public override Task<DrainWorkerResponse> DrainWorker(DrainWorkerRequest request, ServerCallContext context)
    {
        api.Drain = (Find(request.Name).Name, true);
        return Task.FromResult(new DrainWorkerResponse());
    }

    public override Task<UndrainWorkerResponse> UndrainWorker(UndrainWorkerRequest request, ServerCallContext context)
    {
        api.Drain = (Find(request.Name).Name, false);
        return Task.FromResult(new UndrainWorkerResponse());
    }

    public override Task<Worker> GetWorker(GetWorkerRequest request, ServerCallContext context) => Task.FromResult(Find(request.Name));

    private Worker Find(string name) =>
        api.Workers.Find(worker => worker.Name == name) ?? throw new RpcException(new Status(StatusCode.NotFound, $"There is no worker {name}."));
}
