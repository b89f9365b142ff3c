using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Fakes;

internal sealed class FakeTokens(FakeApi api) : TokenService.TokenServiceBase
{
    public override Task<CreateTokenResponse> CreateToken(CreateTokenRequest request, ServerCallContext context)
    {
        if (request.User == "nobody")
        {
            throw new RpcException(new Status(StatusCode.PermissionDenied, "TokenService.CreateToken needs the role admin."));
        }

        var token = new Token { Id = "6ed2ujta4p", User = request.User, Role = request.Role, ExpireTime = request.ExpireTime, CreatedBy = "root", CreateTime = new() { Seconds = 1_764_000_000 } };
        api.Tokens.Add(token);
        return Task.FromResult(new CreateTokenResponse { Token = token, Secret = "trainer_secret" });
    }

    public override Task<ListTokensResponse> ListTokens(ListTokensRequest request, ServerCallContext context) => Task.FromResult(new ListTokensResponse { Tokens = { api.Tokens } });

    public override Task<RevokeTokenResponse> RevokeToken(RevokeTokenRequest request, ServerCallContext context) => api.Tokens.RemoveAll(token => token.Id == request.Id) > 0
        ? Task.FromResult(new RevokeTokenResponse())
        : throw new RpcException(new Status(StatusCode.NotFound, $"There is no token {request.Id}."));
}
