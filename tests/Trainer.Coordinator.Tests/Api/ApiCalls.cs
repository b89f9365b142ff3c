using Google.Rpc;
using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

internal static class ApiCalls
{
    /// <summary>Further than protobuf reads, which is before anybody has looked at the request.</summary>
    internal const string TooDeep = "The request cannot be read: it is nested deeper than 100 messages, which is as far as protobuf's readers go, or is not the message that this call takes. "
        + "The layers of a model are nested in 30 containers at most.";

    internal static Task<RpcException> FailsAsync<T>(AsyncUnaryCall<T> call, StatusCode code, string reason) => FailsAsync(call.ResponseAsync, code, reason);

    internal static async Task<RpcException> FailsAsync(Task call, StatusCode code, string reason)
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.Equal((code, reason), (error.StatusCode, error.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason));
        return error;
    }

    /// <summary>A job whose one layer is in so many containers.</summary>
    internal static JobSpec Nested(JobSpec spec, int depth)
    {
        var layer = new Layer { Relu = new Relu() };
        for (var i = 0; i < depth; i++)
        {
            layer = new Layer { Sequential = new Sequential { Layers = { layer } } };
        }

        var nested = spec.Clone();
        nested.Model = new Model { Layers = { layer } };
        return nested;
    }
}
