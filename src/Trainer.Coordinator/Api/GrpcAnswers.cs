using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Trainer.Coordinator.Api;

/// <summary>Answers of gRPC to calls that never reach their service.</summary>
internal static class GrpcAnswers
{
    /// <summary>The headers say it all: there is no message, and no trailer after it.</summary>
    public static void Refuse(HttpResponse response, RpcException error)
    {
        var headers = response.Headers;
        response.ContentType = "application/grpc";
        (headers.GrpcStatus, headers.GrpcMessage) = ($"{(int)error.StatusCode}", Uri.EscapeDataString(error.Status.Detail));
        headers["grpc-status-details-bin"] = Convert.ToBase64String(error.GetRpcStatus()!.ToByteArray());
    }
}
