using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Trainer.Hosting.Limits;

namespace Trainer.Coordinator.Api;

/// <summary>
/// Gives a request that is no message a status and a sentence: protobuf reads it before the service and its interceptors begin, and gRPC says no more of it than UNKNOWN.
/// </summary>
internal static class UnreadableRequests
{
    private static readonly object IsRead = new();

    /// <summary>Messages within messages that protobuf's readers follow.</summary>
    private const int MostMessages = 100;

    /// <summary>The request of a call is there, and whoever serves it answers for what comes of it.</summary>
    public static void NoteRead(ServerCallContext context) => context.GetHttpContext().Items[IsRead] = true;

    /// <summary>Before gRPC's own endpoints.</summary>
    public static IApplicationBuilder ExplainUnreadableRequests(this IApplicationBuilder app, ProcessLimits limits) => app.Use(async (http, next) =>
    {
        await next(http);
        if (http.Response.HasStarted || http.Items.ContainsKey(IsRead))
        {
            return;
        }

        if (http.Response.Headers.GrpcStatus == $"{(int)StatusCode.ResourceExhausted}")
        {
            GrpcAnswers.Refuse(http.Response, ApiErrors.TooMuch(
                "REQUEST_TOO_LARGE", $"The request has more than {limits[ProcessLimits.MessageBytes]} bytes (--limit {ProcessLimits.MessageBytes.Name}=N of the coordinator)."));
        }
        else if (http.Response.Headers.GrpcStatus == $"{(int)StatusCode.Unknown}")
        {
            GrpcAnswers.Refuse(http.Response, ApiErrors.UnreadableRequest(
                $"The request cannot be read: it is nested deeper than {MostMessages} messages, which is as far as protobuf's readers go, or is not the message that this call takes. "
                + $"The layers of a model are nested in {Protos.JobFile.MostContainers} containers at most."));
        }
    });
}
