using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Trainer.Hosting.Logging;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Who calls, as a token proves.</summary>
/// <param name="User">Empty: they do not say, and need not.</param>
/// <param name="Token">The id of the token; empty: the cluster's own one, or a cluster without.</param>
internal sealed record Principal(string User, Role Role, string Token)
{
    private static readonly object Key = new();

    /// <summary>Whose share of calls it takes: a token's sessions have one together with it.</summary>
    public string Budget { get; init; } = Token;

    /// <summary>What is still known of the call once it is being served.</summary>
    private sealed record Attached(Principal Caller, Access Access, string Client, string Secret);

    public static void Attach(HttpContext http, Principal caller, Access access, string client, string secret) => http.Items[Key] = new Attached(caller, access, client, secret);

    public static Principal Of(ServerCallContext context) => Find(context).Caller;

    public static Access AccessOf(ServerCallContext context) => AccessOf(context.GetHttpContext());

    public static Access AccessOf(HttpContext http) => Find(http).Access;

    /// <summary>What the call carried as its token.</summary>
    public static string SecretOf(ServerCallContext context) => Find(context).Secret;

    public static string ClientOf(ServerCallContext context) => Find(context).Client;

    public AuditEvent Audit(string client, string call, string subject, string result) =>
        new(User, $"{Role}".ToLowerInvariant(), Token, client, Permissions.Words(call), subject, result);

    // Default deny has seen to it that there is one.
    private static Attached Find(ServerCallContext context) => Find(context.GetHttpContext());

    private static Attached Find(HttpContext http) => (Attached)http.Items[Key]!;
}
