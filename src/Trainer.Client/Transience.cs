using Grpc.Core;

namespace Trainer.Client;

/// <summary>Which failures pass.</summary>
public static class Transience
{
    /// <summary>Whether the same call may well succeed once the coordinator is back. A connection that breaks surfaces as INTERNAL or UNKNOWN too, with HTTP/2's error as its cause.</summary>
    public static bool IsTransient(RpcException failed) => failed.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded
        || (failed.StatusCode is StatusCode.Internal or StatusCode.Unknown && failed.Status.DebugException is HttpRequestException or IOException);
}
