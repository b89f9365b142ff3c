using Grpc.Core;
using Grpc.Core.Interceptors;
using Trainer.Hosting.Metrics;

namespace Trainer.Coordinator.Api;

/// <summary>Counts calls by what came of them, and measures those that are no streams. It stands before all others.</summary>
internal sealed class CallMeter(ControlMetrics metrics, TimeProvider clock) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var (began, code) = (clock.GetTimestamp(), StatusCode.Unknown);
        try
        {
            var response = await continuation(request, context);
            code = StatusCode.OK;
            return response;
        }
        catch (Exception fault)
        {
            code = CodeOf(fault);
            throw;
        }
        finally
        {
            metrics.Answered(code, clock.GetElapsedTime(began));
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        var code = StatusCode.Unknown;
        try
        {
            await continuation(request, responseStream, context);
            code = StatusCode.OK;
        }
        catch (Exception fault)
        {
            code = CodeOf(fault);
            throw;
        }
        finally
        {
            metrics.Answered(code, after: null);
        }
    }

    private static StatusCode CodeOf(Exception fault) => fault switch
    {
        RpcException refused => refused.StatusCode,
        OperationCanceledException => StatusCode.Cancelled,
        _ => StatusCode.Unknown,
    };
}
