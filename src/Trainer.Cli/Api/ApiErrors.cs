using System.Net.Sockets;
using System.Security.Authentication;
using Google.Rpc;
using Grpc.Core;
using Trainer.Cli.Errors;
using Trainer.Client;

namespace Trainer.Cli.Api;

/// <summary>From gRPC's status to what a person needs to know.</summary>
internal static class ApiErrors
{
    public static CliException Translate(RpcException refused, ClusterClient client) => Misdirected(refused, client) ?? refused.StatusCode switch
    {
        _ when HasNoHandshake(refused) => new CliException(
            $"What is at {Authority(client.Endpoint)} does not answer as the job API does.",
            ExitCode.Unreachable,
            $"See whether the port is the job API's, and whether its address begins with {(client.Endpoint.Scheme == "http" ? "https" : "http")}.",
            refused),
        _ when Transience.IsTransient(refused) => new CliException(
            $"The coordinator at {Authority(client.Endpoint)} does not answer: {Reason(refused)}",
            ExitCode.Unreachable,
            "See whether it runs, and what its log says: trainer doctor",
            refused),
        StatusCode.Unauthenticated when !client.HasToken => new CliException(
            $"The cluster at {Authority(client.Endpoint)} wants a token, and none was given.",
            ExitCode.Unreachable,
            "Give the token of this cluster with --token-file FILE.",
            refused),
        StatusCode.Unauthenticated => new CliException(
            $"The cluster at {Authority(client.Endpoint)} does not accept the token.{(refused.Status.Detail.Length > 0 ? $" {refused.Status.Detail}" : "")}",
            ExitCode.Unreachable,
            "Give the token of this cluster with --token-file FILE.",
            refused),
        StatusCode.InvalidArgument => new CliException(refused.Status.Detail, ExitCode.Usage, inner: refused) { Violations = ViolationsOf(refused) },
        _ => new CliException(refused.Status.Detail.Length > 0 ? refused.Status.Detail : $"The cluster answered {refused.StatusCode}.", inner: refused),
    };

    /// <summary>Whether the same call may well succeed once the coordinator is back.</summary>
    public static bool IsTransient(RpcException failed, ClusterClient client) => Misdirected(failed, client) is null
        && (failed.StatusCode is StatusCode.Aborted or StatusCode.Cancelled || Transience.IsTransient(failed));

    /// <summary>The address is that of something else, or says http where it is https, or the other way round.</summary>
    /// <returns>Null where it may be right.</returns>
    private static CliException? Misdirected(RpcException failed, ClusterClient client)
    {
        var endpoint = client.Endpoint;
        var at = Authority(endpoint);
        foreach (var cause in Causes(failed.Status.DebugException))
        {
            switch (cause)
            {
                case AuthenticationException when cause.Message.Contains("frame", StringComparison.Ordinal): // what came is no TLS record
                    return Wrong($"{at} does not speak TLS.", $"Give its address with http: --endpoint http://{endpoint.Authority}");
                case AuthenticationException when client.Refusal is { } refusal:
                    return Wrong($"What is at {at} is not this cluster: {refusal}.", "See that the address is the job API's, and that --ca names the authority of this cluster's certificates.");
                case AuthenticationException:
                    return Wrong($"The certificate of {at} is not accepted: {cause.Message}", "See that the address has the name that the certificate is for. Where its authority is the cluster's own, give it with --ca FILE.");
                case HttpProtocolException { ErrorCode: 0xd }: // HTTP_1_1_REQUIRED
                    return NotTheJobApi("it speaks HTTP/1 alone, as the port for metrics does");
                case HttpProtocolException { ErrorCode: 0x6 }: // FRAME_SIZE_ERROR: some other protocol's text, read as a frame
                case HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse }:
                    return endpoint.Scheme == "https"
                        ? NotTheJobApi("what it answers is not HTTP/2")
                        : Wrong($"{at} is not the job API in clear: what it answers is not HTTP/2.", $"If the cluster has certificates, its address begins with https: --endpoint https://{endpoint.Authority} --ca FILE. Else see that the port is the coordinator's --grpc-port.");
            }
        }
        return failed.Status.Detail.StartsWith("Bad gRPC response", StringComparison.Ordinal) ? NotTheJobApi("what it answers is not gRPC") : null;

        CliException NotTheJobApi(string why) =>
            Wrong($"{at} is not the job API: {why}.", "The job API's port is the coordinator's --grpc-port; 'trainer up' shows it for a cluster here.");

        CliException Wrong(string message, string remedy) => new(message, ExitCode.Unreachable, remedy, failed);
    }

    /// <summary>Something took the connection and did not speak HTTP/2: another protocol's server, one that wants TLS, or one that was just ending.</summary>
    private static bool HasNoHandshake(RpcException failed) =>
        Causes(failed.Status.DebugException).Any(cause => cause is IOException && cause.Message.Contains("HTTP/2 handshake", StringComparison.Ordinal));

    private static string Authority(Uri endpoint) => endpoint.GetLeftPart(UriPartial.Authority);

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
        {
            yield return exception;
        }
    }
}
