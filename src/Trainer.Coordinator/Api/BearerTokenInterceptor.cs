using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Trainer.Coordinator.Api;

/// <summary>What API calls must show.</summary>
/// <param name="Token">Null: nothing.</param>
public sealed record ApiToken(string? Token);

/// <summary>Lets calls pass that carry <c>authorization: Bearer TOKEN</c>; health checks of probes need none.</summary>
public sealed class BearerTokenInterceptor(ApiToken token) : Interceptor
{
    private const string OpenMethod = "/grpc.health.v1.Health/Check";

    // Hashes are of one length, which the constant-time comparison wants.
    private readonly byte[]? _hash = token.Token is null ? null : Hash(token.Token);

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Demand(context);
        return continuation(request, context);
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Demand(context);
        return continuation(requestStream, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Demand(context);
        return continuation(request, responseStream, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Demand(context);
        return continuation(requestStream, responseStream, context);
    }

    private void Demand(ServerCallContext context)
    {
        if (_hash is null || context.Method == OpenMethod)
        {
            return;
        }

        const string scheme = "Bearer ";
        var header = context.RequestHeaders.GetValue("authorization");
        if (header is null || !header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        {
            throw ApiErrors.Unauthenticated("This call needs the header 'authorization: Bearer TOKEN' with this cluster's token.");
        }

        if (!CryptographicOperations.FixedTimeEquals(Hash(header[scheme.Length..]), _hash))
        {
            throw ApiErrors.Unauthenticated("The token is not this cluster's.");
        }
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
