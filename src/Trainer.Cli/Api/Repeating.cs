using Grpc.Core;
using Trainer.Cli.Errors;

namespace Trainer.Cli.Api;

/// <summary>Calls that may be made twice, such as those with a request_id: repeated where the first may have arrived and its answer did not.</summary>
internal static class Repeating
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.5);

    /// <param name="tell">Hears, once, that the call is repeated.</param>
    /// <exception cref="CliException">Refused, or nobody answered for long; at once where nobody was reached.</exception>
    public static async Task<T> CallAsync<T>(
        ClusterAddress address, Func<ClusterClient, CallOptions, AsyncUnaryCall<T>> call, Action<string> tell, CancellationToken stop)
    {
        var (since, isRepeated) = (TimeProvider.System.GetTimestamp(), false);
        while (true)
        {
            try
            {
                using var client = await ClusterClient.OpenAsync(address, stop);
                return await client.CallAsync(call, stop);
            }
            catch (CliException lost) when (lost.ExitCode == ExitCode.Unreachable && (isRepeated || MayHaveArrived(lost)) && TimeProvider.System.GetElapsedTime(since) < Patience)
            {
                if (!isRepeated)
                {
                    tell($"No answer; asking again. ({lost.Message})");
                }

                isRepeated = true;
            }

            await Task.Delay(Pause, stop);
        }
    }

    // A connection that was never made carried nothing.
    private static bool MayHaveArrived(CliException lost) => lost.InnerException is RpcException failed
        && failed.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Internal
        && failed.Status.DebugException is not HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };
}
