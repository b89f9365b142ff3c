using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Hosting;
using Trainer.Hosting.Cluster;
using Trainer.Kernels.Canonical;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>The process that answers, and since when it runs.</summary>
/// <param name="TraceLink">As <see cref="CoordinatorOptions.TraceLink"/>.</param>
public sealed record CoordinatorIdentity(string Name, DateTimeOffset Started, string? TraceLink);

/// <summary>What answers here.</summary>
public sealed class SystemService(IJobStore store, JobDirectory directory, CoordinatorIdentity identity) : Protos.SystemService.SystemServiceBase
{
    private static SystemVersion Version => new()
    {
        Release = TrainerVersion.Current,
        Api = Protos.SystemService.Descriptor.File.Package,
        Numerics = Numerics.Id,
        ClusterProtocol = ClusterProtocol.Version,
    };

    public override Task<SystemVersion> GetVersion(GetVersionRequest request, ServerCallContext context) => Task.FromResult(Version);

    public override async Task<SystemInfo> GetInfo(GetInfoRequest request, ServerCallContext context)
    {
        var workers = (await directory.ListWorkersAsync(context.CancellationToken)).Workers;
        return new SystemInfo
        {
            Version = Version,
            Coordinator = identity.Name,
            StartTime = identity.Started.ToTimestamp(),
            Time = TimeProvider.System.GetUtcNow().ToTimestamp(),
            Jobs = { (await store.CountByStateAsync()).OrderBy(count => count.Key).Select(count => new JobCount { State = count.Key, Count = (uint)count.Value }) },
            Workers = (uint)workers.Count,
            IdleWorkers = (uint)workers.Count(worker => worker.Job.Length == 0),
            TraceLink = identity.TraceLink ?? "",
        };
    }
}
