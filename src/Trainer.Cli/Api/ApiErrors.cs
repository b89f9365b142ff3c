using System.Net.Sockets;
using Google.Rpc;
using Grpc.Core;
using Trainer.Cli.Errors;

namespace Trainer.Cli.Api;

/// <summary>From gRPC's status to what a person needs to know.</summary>
internal static class ApiErrors
{
    public static CliException Translate(RpcException refused, Uri endpoint) => refused.StatusCode switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded => new CliException(
            $"The coordinator at {endpoint.GetLeftPart(UriPartial.Authority)} does not answer: {Reason(refused)}",
            ExitCode.Unreachable,
            "See whether it runs, and what its log says: trainer doctor",
            refused),
        StatusCode.Unauthenticated or StatusCode.PermissionDenied => new CliException(
            $"The cluster at {endpoint.GetLeftPart(UriPartial.Authority)} does not accept the token.",
            ExitCode.Unreachable,
            "Give the token of this cluster with --token-file.",
            refused),
        StatusCode.InvalidArgument => new CliException(refused.Status.Detail, ExitCode.Usage, inner: refused) { Violations = ViolationsOf(refused) },
        _ => new CliException(refused.Status.Detail.Length > 0 ? refused.Status.Detail : $"The cluster answered {refused.StatusCode}.", inner: refused),
    };

    /// <summary>Whether the same call may well succeed once the coordinator is back.</summary>
    public static bool IsTransient(RpcException failed) =>
        failed.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Aborted or StatusCode.Cancelled
        // A connection that breaks in mid-stream surfaces as INTERNAL or UNKNOWN with the HTTP/2 error as its cause.
        || (failed.StatusCode is StatusCode.Internal or StatusCode.Unknown && failed.Status.DebugException is HttpRequestException or IOException);

    private static Violation[] ViolationsOf(RpcException refused) =>
        [.. refused.GetRpcStatus()?.GetDetail<BadRequest>()?.FieldViolations.Select(fault => new Violation(fault.Field, fault.Description)) ?? []];

    private static string Reason(RpcException refused) =>
        Causes(refused.Status.DebugException).OfType<SocketException>().FirstOrDefault() is { } socket ? $"{socket.Message.ToLowerInvariant()}."
        : refused.StatusCode == StatusCode.DeadlineExceeded ? "it took too long."
        : refused.Status.DebugException is not null ? "the connection broke."
        : refused.Status.Detail;

    private static IEnumerable<Exception> Causes(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
            yield return exception;
    }
}
