using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Tokens;
using Trainer.Hosting.Web;
using Trainer.Protos;

namespace Trainer.Coordinator.Http;

/// <summary>What an endpoint's entry in <see cref="Permissions"/> is called.</summary>
/// <param name="IsStream">It goes on for as long as its caller likes.</param>
internal sealed record AccessName(string Name, bool IsStream = false);

/// <summary>How an endpoint's callers are told what is refused, where that is not as <see cref="HttpErrors"/> has it.</summary>
internal sealed record ErrorForm(Func<RpcException, (int Code, JsonObject Body)> Of);

/// <summary>Before everything else, and before a byte of a request's body is read: who calls, and whether they may. What is not in the table is refused.</summary>
internal sealed class AccessGate(Gatekeeper gate, ClientBudgets budgets, AuditLog audit, ApiCalls calls, ControlMetrics metrics)
{
    public static TBuilder Named<TBuilder>(TBuilder endpoint, string name)
        where TBuilder : IEndpointConventionBuilder => Named(endpoint, new AccessName(name));

    public static TBuilder Named<TBuilder>(TBuilder endpoint, MethodDescriptor call)
        where TBuilder : IEndpointConventionBuilder => Named(endpoint, new AccessName(Permissions.NameOf(call), call.IsServerStreaming));

    private static TBuilder Named<TBuilder>(TBuilder endpoint, AccessName name)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(name);

    /// <summary>By what an endpoint stands in the table; null: by nothing.</summary>
    public static string? NameOf(Endpoint endpoint) => endpoint.Metadata.GetMetadata<AccessName>()?.Name
        ?? (endpoint.Metadata.GetMetadata<GrpcMethodMetadata>() is { } grpc ? grpc.Method.FullName
        : endpoint is RouteEndpoint { RoutePattern.RawText: { } pattern } && pattern.Contains("{unimplemented", StringComparison.Ordinal) ? Permissions.UnknownCall
        : null);

    public async Task PassAsync(HttpContext http, RequestDelegate next)
    {
        var visitor = Visitor.Find(http);
        visitor?.Begin();
        try
        {
            await DecideAsync(http, visitor, next);
        }
        finally
        {
            visitor?.End();
        }
    }

    private async Task DecideAsync(HttpContext http, Visitor? visitor, RequestDelegate next)
    {
        if (http.GetEndpoint() is not { } endpoint)
        {
            await next(http); // There is nothing, which the answer says.
            return;
        }

        var (name, client) = (NameOf(endpoint), calls.ClientOf(http));
        if (name is null || Permissions.Find(name) is not { } access)
        {
            await RefuseAsync(http, ApiErrors.RoleNeeded($"Nobody may use {http.Request.Method} {http.Request.Path}: its role is not known."));
            return;
        }

        try
        {
            var (headers, authorization) = (http.Request.Headers, http.Request.Headers.Authorization.ToString());
            var caller = await gate.IdentifyAsync(name, access, authorization, headers[Caller.Header].ToString(), http.RequestAborted);
            Principal.Attach(http, caller, access, client, BearerToken.SecretOf(authorization));
            using var pass = Enter(http, visitor, endpoint, caller, client);
            if (Gatekeeper.Refusal(name, access, caller) is not { } refusal)
            {
                await next(http);
                return;
            }

            if (access.Changes)
            {
                audit.Write(caller.Audit(client, name, "", $"{refusal.StatusCode}"));
            }

            await RefuseAsync(http, refusal);
        }
        catch (RpcException stranger) when (!http.Response.HasStarted)
        {
            if (stranger.StatusCode == StatusCode.Unauthenticated)
            {
                audit.WriteStranger(client, Permissions.Words(name), stranger.Status.Detail);
            }

            await RefuseAsync(http, stranger);
        }
        catch (StoreException away) when (!http.Response.HasStarted)
        {
            await RefuseAsync(http, ApiErrors.Store(away));
        }
    }

    // Whom nobody knows costs nothing, and is told no more than that; what comes from here was counted where it came in.
    private IDisposable? Enter(HttpContext http, Visitor? visitor, Endpoint endpoint, Principal caller, string client)
    {
        if (caller.Role == Role.Unspecified)
        {
            return Principal.AccessOf(http).Changes && !calls.IsOwn(http) ? budgets.Enter($"strangers from {client}", $"Whoever calls from {client}", isStream: false) : null;
        }

        visitor?.Known();
        var (key, who) = caller.Budget.Length > 0 ? (caller.Budget, caller.User) : ($"from {client}", $"{(caller.User.Length > 0 ? caller.User : "Whoever calls")} from {client}");
        return calls.IsOwn(http) ? null : budgets.Enter(key, who, IsStream(endpoint));
    }

    private static bool IsStream(Endpoint endpoint) => endpoint.Metadata.GetMetadata<AccessName>()?.IsStream is true
        || endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.Type is MethodType.ServerStreaming or MethodType.DuplexStreaming;

    private Task RefuseAsync(HttpContext http, RpcException refused)
    {
        if (http.GetEndpoint() is { } endpoint && NameOf(endpoint) is { } name && Permissions.IsCall(name))
        {
            metrics.Answered(refused.StatusCode, after: null);
        }

        if (http.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) is true)
        {
            GrpcAnswers.Refuse(http.Response, refused);
            return Task.CompletedTask;
        }

        return HttpApi.RefuseAsync(http, http.GetEndpoint()?.Metadata.GetMetadata<ErrorForm>()?.Of(refused) ?? HttpErrors.Of(refused));
    }
}
