using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Fakes;

internal sealed class FakeSystem : SystemService.SystemServiceBase
{
    public override Task<SystemVersion> GetVersion(GetVersionRequest request, ServerCallContext context) =>
        Task.FromResult(new SystemVersion { Release = Hosting.TrainerVersion.Current, Api = "trainer.v1", Numerics = "canonical-7", ClusterProtocol = 5 });

    public override async Task<SystemInfo> GetInfo(GetInfoRequest request, ServerCallContext context) => new()
    {
        Version = await GetVersion(new GetVersionRequest(), context),
        Coordinator = "coordinator",
        StartTime = new Google.Protobuf.WellKnownTypes.Timestamp { Seconds = 1_000 },
        Time = new Google.Protobuf.WellKnownTypes.Timestamp { Seconds = 1_090 },
        Workers = 3,
        IdleWorkers = 1,
        Jobs = { new JobCount { State = JobState.Running, Count = 2 } },
    };
}
