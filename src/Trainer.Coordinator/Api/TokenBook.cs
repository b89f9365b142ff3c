using Trainer.Coordinator.Store;
using Trainer.Hosting.Tokens;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>What API calls must show; null: nothing, and everybody may do everything.</summary>
public sealed record ApiToken(string? Token);

/// <summary>Which tokens there are: the cluster's own, and those of the store, which all coordinators share.</summary>
/// <remarks>
/// The store is read anew after <see cref="FreshFor"/>, however many calls there are, and where a secret is not known, but
/// not more than a few times a second: strangers cost it nothing. While the store is away its tokens hold as they were known.
/// </remarks>
internal sealed class TokenBook(IJobStore store, ApiToken own, TimeProvider clock)
{
    /// <summary>How late a coordinator may learn that a token was revoked elsewhere.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan UnknownFreshFor = TimeSpan.FromSeconds(0.25);

    private static readonly TimeSpan HoldsWithoutStore = TimeSpan.FromMinutes(10);

    private readonly byte[]? _own = own.Token is null ? null : BearerToken.Hash(own.Token);
    private readonly SemaphoreSlim _reading = new(1);
    private volatile Page _page = new(new Dictionary<string, Token>(), DateTimeOffset.MinValue);

    /// <summary>Whether calls need a token at all.</summary>
    public bool IsOpen => _own is null;

    /// <summary>By what sessions that begin by the cluster's own token are known to have begun: they end where there is another one, or none.</summary>
    public string OwnMark { get; } = own.Token is null ? "open" : $"own-{Convert.ToHexStringLower(BearerToken.Hash(Convert.ToHexStringLower(BearerToken.Hash(own.Token))))[..16]}";

    /// <summary>Whether it is the token that the coordinator was started with.</summary>
    public bool IsOwn(string secret) => _own is not null && BearerToken.IsOf(_own, secret);

    /// <summary>The store's token of that secret, expired ones too; null: there is none.</summary>
    /// <exception cref="StoreException">The store is away, and was for long.</exception>
    public async ValueTask<Token?> FindAsync(string secret, CancellationToken stop)
    {
        var hash = HashText(secret);
        var page = await ReadAsync(FreshFor, stop);
        return page.Tokens.GetValueOrDefault(hash) ?? (await ReadAsync(UnknownFreshFor, stop)).Tokens.GetValueOrDefault(hash);
    }

    public bool HasExpired(Token token) => token.ExpireTime is { } end && end.ToDateTimeOffset() <= clock.GetUtcNow();

    /// <summary>This coordinator has changed the tokens: it knows at once.</summary>
    public void Forget() => _page = _page with { Read = DateTimeOffset.MinValue };

    public static string HashText(string secret) => Convert.ToHexStringLower(BearerToken.Hash(secret));

    private async ValueTask<Page> ReadAsync(TimeSpan freshFor, CancellationToken stop)
    {
        if (clock.GetUtcNow() - _page.Read < freshFor)
        {
            return _page;
        }

        await _reading.WaitAsync(stop);
        try
        {
            if (clock.GetUtcNow() - _page.Read >= freshFor)
            {
                var now = clock.GetUtcNow();
                _page = new Page(Valid(await store.TokensAsync()), now);
            }

            return _page;
        }
        catch (StoreException away) when (away.Fault == StoreFault.Unavailable && clock.GetUtcNow() - _page.Read < HoldsWithoutStore)
        {
            return _page;
        }
        finally
        {
            _reading.Release();
        }
    }

    // A coordinator of a release before sessions takes a token out alone.
    private Dictionary<string, Token> Valid(IReadOnlyList<StoredToken> all)
    {
        var begin = all.Where(stored => !stored.Token.Session).Select(stored => stored.Token.Id).Append(OwnMark).ToHashSet(StringComparer.Ordinal);
        return all.Where(stored => !stored.Token.Session || begin.Contains(stored.Token.Parent)).ToDictionary(stored => stored.Hash, stored => stored.Token, StringComparer.Ordinal);
    }

    private sealed record Page(IReadOnlyDictionary<string, Token> Tokens, DateTimeOffset Read);
}
