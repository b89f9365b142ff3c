using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Browsers' sessions. A link with a code brings one in, once; the secret of the session never was in an address.</summary>
internal sealed class SessionService(IJobStore store, TokenBook book, TimeProvider clock) : Protos.SessionService.SessionServiceBase
{
    private const int MostSessions = 20;

    private static readonly TimeSpan CodeLasts = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan SessionLasts = TimeSpan.FromHours(8);

    public override async Task<CreateSignInCodeResponse> CreateSignInCode(CreateSignInCodeRequest request, ServerCallContext context)
    {
        var (caller, now) = (Principal.Of(context), Now());
        if (await FindAsync(context) is { Session: true })
        {
            throw ApiErrors.NotForThisToken("A browser's session makes no codes for further ones. Make one with the token that it began by: trainer dashboard");
        }

        var (code, expires) = (Secrets.New(), now + CodeLasts);
        await store.AddSignInCodeAsync(new SignInCode(TokenBook.HashText(code), caller.Token.Length > 0 ? caller.Token : book.OwnMark, caller.User, caller.Role, expires), now);
        return new CreateSignInCodeResponse { Code = code, ExpireTime = expires.ToTimestamp() };
    }

    public override async Task<SignInResponse> SignIn(SignInRequest request, ServerCallContext context)
    {
        var now = Now();
        var code = request.Code.Length > 0 ? await store.TakeSignInCodeAsync(TokenBook.HashText(request.Code)) : null;
        var isOwn = code?.Parent == book.OwnMark;
        var parent = code is null || isOwn ? null : (await store.TokensAsync()).FirstOrDefault(stored => stored.Token.Id == code.Parent)?.Token;
        if (code is null || code.Expires <= now || (!isOwn && (parent is null || book.HasExpired(parent))))
        {
            throw ApiErrors.Unauthenticated("SIGN_IN_CODE_INVALID", "The code is none that signs in: it was used, it is older than 5 minutes, or the token that it was made with is gone. Make another: trainer dashboard");
        }

        var (secret, end) = (Secrets.New(), (now + SessionLasts).ToTimestamp());
        var session = new Token
        {
            Id = JobId.From($"{Guid.NewGuid()}"),
            User = code.User,
            Role = code.Role,
            CreateTime = now.ToTimestamp(),
            ExpireTime = parent?.ExpireTime is { } earlier && earlier.CompareTo(end) < 0 ? earlier : end,
            CreatedBy = code.User,
            Session = true,
            Parent = code.Parent,
        };
        await store.AddSessionAsync(new StoredToken(session, TokenBook.HashText(secret)), MostSessions);
        book.Forget();
        return new SignInResponse { Session = Shown(session), Secret = secret };
    }

    public override async Task<GetSessionResponse> GetSession(GetSessionRequest request, ServerCallContext context)
    {
        var caller = Principal.Of(context);
        return new GetSessionResponse { Session = await FindAsync(context) is { } token ? Shown(token) : new Session { User = caller.User, Role = caller.Role } };
    }

    public override async Task<SignOutResponse> SignOut(SignOutRequest request, ServerCallContext context)
    {
        if (await FindAsync(context) is not { Session: true } session)
        {
            throw ApiErrors.NotForThisToken("The call carries no browser's session, but a token, which ends where it is revoked: trainer token revoke ID");
        }

        await store.RemoveTokenAsync(session.Id);
        book.Forget();
        return new SignOutResponse();
    }

    // To the millisecond, as the store keeps it.
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(clock.GetUtcNow().ToUnixTimeMilliseconds());

    // Null: the cluster's own.
    private async ValueTask<Token?> FindAsync(ServerCallContext context) => Principal.Of(context).Token.Length > 0 ? await book.FindAsync(Principal.SecretOf(context), context.CancellationToken) : null;

    private static Session Shown(Token token) => new() { Id = token.Id, User = token.User, Role = token.Role, ExpireTime = token.ExpireTime };
}
