using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Api;

/// <summary>Gives whatever a call throws a status and a sentence of its own: what is left to gRPC becomes UNKNOWN without a word.</summary>
public sealed class FaultInterceptor(ILogger<FaultInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        UnreadableRequests.NoteRead(context);
        try
        {
            return await continuation(request, context);
        }
        catch (Exception fault) when (fault is not (RpcException or OperationCanceledException))
        {
            throw Explain(fault, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        UnreadableRequests.NoteRead(context);
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception fault) when (fault is not (RpcException or OperationCanceledException))
        {
            throw Explain(fault, context);
        }
    }

    private RpcException Explain(Exception fault, ServerCallContext context)
    {
        if (fault is StoreException store)
        {
            return ApiErrors.Store(store);
        }

        logger.LogError(fault, "{Method} failed.", context.Method);
        return ApiErrors.Internal($"The coordinator could not answer: {fault.GetType().Name}. Its log tells more.");
    }
}
