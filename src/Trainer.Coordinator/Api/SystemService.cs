using Grpc.Core;
using Trainer.Hosting;
using Trainer.Hosting.Cluster;
using Trainer.Kernels.Canonical;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>What answers here.</summary>
public sealed class SystemService : Protos.SystemService.SystemServiceBase
{
    public override Task<SystemVersion> GetVersion(GetVersionRequest request, ServerCallContext context) => Task.FromResult(new SystemVersion
    {
        Release = TrainerVersion.Current,
        Api = Protos.SystemService.Descriptor.File.Package,
        Numerics = Numerics.Id,
        ClusterProtocol = ClusterProtocol.Version,
    });
}
