using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Trainer.Hosting.Traces;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>
/// Tells a span of each call that changes a job. It is in the trace of whoever called, where they said which (W3C's Trace Context), with a link to the job's and one back; else in the job's.
/// </summary>
internal sealed class TraceInterceptor(TimeProvider clock) : Interceptor
{
    private const string TraceParent = "traceparent";
    private const string TraceState = "tracestate";

    /// <summary>Headers by which a caller says which span its call is below.</summary>
    public static readonly IReadOnlyList<string> Headers = [TraceParent, TraceState];

    private static readonly string JobCalls = $"/{Protos.JobService.Descriptor.FullName}/";

    // By OpenTelemetry's conventions a server has failed with these alone; the others are the caller's.
    private static readonly StatusCode[] OurFaults = [StatusCode.Unknown, StatusCode.DeadlineExceeded, StatusCode.Unimplemented, StatusCode.Internal, StatusCode.Unavailable, StatusCode.DataLoss];

    /// <summary>Whether what the call is about is a job.</summary>
    public static bool IsOfJobs(ServerCallContext context) => context.Method.StartsWith(JobCalls, StringComparison.Ordinal);

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (!Spans.AreOn || !IsOfJobs(context) || !Principal.AccessOf(context).Changes)
        {
            return await continuation(request, context);
        }

        var (began, job, status) = (clock.GetUtcNow(), AuditLog.Subject((IMessage)request), new Status(StatusCode.Unknown, ""));
        try
        {
            var response = await continuation(request, context);
            (job, status) = (response is Job { Id.Length: > 0 } made ? made.Id : job, Status.DefaultSuccess);
            return response;
        }
        catch (RpcException refused)
        {
            status = refused.Status;
            throw;
        }
        catch (OperationCanceledException)
        {
            status = Status.DefaultCancelled;
            throw;
        }
        finally
        {
            Tell(context, began, job, status);
        }
    }

    private void Tell(ServerCallContext context, DateTimeOffset began, string job, Status status)
    {
        var method = context.Method[JobCalls.Length..];
        var span = new Span(context.Method[1..], began, clock.GetUtcNow())
        {
            Kind = ActivityKind.Server,
            Attributes =
            [
                new(SpanCatalog.RpcSystem, "grpc"), new(SpanCatalog.RpcService, Protos.JobService.Descriptor.FullName), new(SpanCatalog.RpcMethod, method),
                new(SpanCatalog.RpcStatus, (int)status.StatusCode), new(SpanCatalog.JobId, job.Length > 0 ? job : null), new(SpanCatalog.User, Caller.Of(context) is { Length: > 0 } user ? user : null),
            ],
            Error = OurFaults.Contains(status.StatusCode) ? $"{status.StatusCode}: {status.Detail}" : null,
        };
        if (CallerOf(context) is not { } caller)
        {
            _ = job.Length > 0 ? Spans.Tell(job, span with { Parent = TraceIds.Root(job) }) : Spans.Tell(new ActivityContext(ActivityTraceId.CreateRandom(), default, ActivityTraceFlags.Recorded), span);
            return;
        }

        ActivityContext? root = job.Length > 0 ? new ActivityContext(TraceIds.OfJob(job), TraceIds.Root(job), ActivityTraceFlags.Recorded) : null;
        if (Spans.Tell(caller, span with { Link = root }) is { } told && job.Length > 0)
        {
            Spans.Tell(job, new Span(SpanCatalog.Request, span.Start, span.End) { Parent = TraceIds.Root(job), Link = told, Attributes = span.Attributes, Error = span.Error });
        }
    }

    // A trace that its own callers do not record is as good as none: proxies name one for each request, of which they send a few.
    private static ActivityContext? CallerOf(ServerCallContext context) =>
        ActivityContext.TryParse(context.RequestHeaders.GetValue(TraceParent), context.RequestHeaders.GetValue(TraceState), isRemote: true, out var caller)
        && caller.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? caller : null;
}
