using Grpc.Core;
using Trainer.Hosting.Tokens;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Who calls, and whether they may: by the token that a call carries and the role that <see cref="Permissions"/> wants.</summary>
internal sealed class Gatekeeper(TokenBook book)
{
    private const string MakeOne = "an admin makes tokens with: trainer token create";

    /// <param name="authorization">The header.</param>
    /// <param name="userHeader">Who calls, as they say themselves: whoever has the cluster's own token is believed.</param>
    /// <exception cref="RpcException">UNAUTHENTICATED.</exception>
    public async ValueTask<Principal> IdentifyAsync(string name, Access access, string authorization, string userHeader, CancellationToken stop)
    {
        if (access.Role == Role.Unspecified)
        {
            return new Principal("", Role.Unspecified, "");
        }

        var needed = Needed(name, access);
        return book.IsOpen ? new Principal(Caller.Check(userHeader), Role.Admin, "") : await IdentifyAsync(Secret(authorization, needed), needed, userHeader, stop);
    }

    /// <summary>Why a caller may not; null: he may.</summary>
    public static RpcException? Refusal(string name, Access access, Principal caller) => caller.Role >= access.Role
        ? null
        : ApiErrors.RoleNeeded($"{Needed(name, access)}, and {caller.User}'s token has the role {Words(caller.Role)}. Ask for a token of that role; {MakeOne}.");

    /// <summary>Whether the token that a stream was opened with still holds.</summary>
    /// <exception cref="RpcException">UNAUTHENTICATED.</exception>
    public async ValueTask RequireStillAsync(string secret, CancellationToken stop)
    {
        if (!book.IsOpen)
        {
            _ = await IdentifyAsync(secret, "A stream", "", stop);
        }
    }

    private static string Needed(string name, Access access) => $"{Permissions.Words(name)} needs the role {Words(access.Role)}";

    private static string Words(Role role) => $"{role}".ToLowerInvariant();

    private static string Secret(string authorization, string needed) => BearerToken.SecretOf(authorization) is { Length: > 0 } secret
        ? secret
        : throw ApiErrors.Unauthenticated("TOKEN_INVALID", $"{needed}, and this call carries no token. It needs the header 'authorization: Bearer TOKEN'; {MakeOne}.");

    private async ValueTask<Principal> IdentifyAsync(string secret, string needed, string userHeader, CancellationToken stop)
    {
        if (book.IsOwn(secret))
        {
            return new Principal(Caller.Check(userHeader), Role.Admin, "");
        }

        if (await book.FindAsync(secret, stop) is not { } token)
        {
            throw ApiErrors.Unauthenticated("TOKEN_INVALID", $"{needed}, and the token is not one of this cluster's: it is another's, or was revoked. If it was yours, ask for another; {MakeOne}.");
        }

        return book.HasExpired(token)
            ? throw ApiErrors.Unauthenticated("TOKEN_EXPIRED", $"{needed}, and {token.User}'s token {token.Id} expired on {token.ExpireTime.ToDateTimeOffset():yyyy-MM-dd'T'HH:mm:ss'Z'}. Ask for another; {MakeOne}.")
            : new Principal(token.User, token.Role, token.Id) { Budget = token.Session ? token.Parent : token.Id };
    }
}
