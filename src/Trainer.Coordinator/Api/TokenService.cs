using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>The tokens of the cluster's users.</summary>
internal sealed class TokenService(IJobStore store, TokenBook book, TimeProvider clock) : Protos.TokenService.TokenServiceBase
{
    public override async Task<CreateTokenResponse> CreateToken(CreateTokenRequest request, ServerCallContext context)
    {
        var now = clock.GetUtcNow();
        Check(request, now);
        var secret = Secrets.New();
        var token = new Token
        {
            Id = JobId.From($"{Guid.NewGuid()}"),
            User = request.User,
            Role = request.Role,
            CreateTime = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()).ToTimestamp(),
            ExpireTime = request.ExpireTime,
            CreatedBy = Caller.Of(context),
        };
        await store.AddTokenAsync(new StoredToken(token, TokenBook.HashText(secret)));
        book.Forget();
        return new CreateTokenResponse { Token = token, Secret = secret };
    }

    public override async Task<ListTokensResponse> ListTokens(ListTokensRequest request, ServerCallContext context) =>
        new() { Tokens = { (await store.TokensAsync()).Select(stored => stored.Token) } };

    public override async Task<RevokeTokenResponse> RevokeToken(RevokeTokenRequest request, ServerCallContext context)
    {
        if (!await store.RemoveTokenAsync(request.Id))
        {
            throw ApiErrors.TokenNotFound(request.Id);
        }

        book.Forget();
        return new RevokeTokenResponse();
    }

    private static void Check(CreateTokenRequest request, DateTimeOffset now)
    {
        if (request.User.Length == 0)
        {
            throw ApiErrors.InvalidField("user", "is required");
        }

        Caller.Check(request.User, "user");
        if (request.Role is not (Role.Viewer or Role.Operator or Role.Admin))
        {
            throw ApiErrors.InvalidField("role", "is required: VIEWER, OPERATOR or ADMIN");
        }

        if (request.ExpireTime is { } end && (end.Seconds <= now.ToUnixTimeSeconds() || end.Seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds() || end.Nanos is < 0 or > 999_999_999))
        {
            throw ApiErrors.InvalidField("expire_time", "must be a time to come, until the year 9999");
        }
    }
}
