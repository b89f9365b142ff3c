using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Fakes;

internal sealed class FakeSessions : SessionService.SessionServiceBase
{
    public override Task<CreateSignInCodeResponse> CreateSignInCode(CreateSignInCodeRequest request, ServerCallContext context) =>
        Task.FromResult(new CreateSignInCodeResponse { Code = "trainer_code", ExpireTime = new() { Seconds = 1_764_000_000 } });
}
