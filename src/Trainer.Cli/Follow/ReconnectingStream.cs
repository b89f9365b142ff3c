using System.Runtime.CompilerServices;
using Grpc.Core;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;

namespace Trainer.Cli.Follow;

/// <summary>Either a message, or a sentence about the connection.</summary>
internal readonly record struct StreamItem<T>(T? Message, string? Notice);

/// <summary>
/// A server stream that outlives its connection: when the coordinator goes away or restarts elsewhere, the address is resolved again and the
/// stream opened anew, until nobody has answered for a while. The first connection has to succeed at once, unless a supervisor is at it.
/// </summary>
/// <param name="open">Called for every connection; it knows how far the reader has come.</param>
/// <param name="complete">Whether a stream that ends normally has said all there was to say.</param>
internal sealed class ReconnectingStream<T>(
    ClusterAddress address, Func<ClusterClient, CallOptions, AsyncServerStreamingCall<T>> open, Func<bool> complete, TimeSpan patience)
    where T : class
{
    private static readonly TimeSpan SayWaitingAfter = TimeSpan.FromSeconds(1);

    /// <exception cref="CliException">Refused, or nobody answered for too long.</exception>
    public async IAsyncEnumerable<StreamItem<T>> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        var outage = new Outage(patience, address.IsSupervised);
        while (true)
        {
            using var connection = new Connection(address, open);
            var first = connection.NextAsync(stop);
            if (await IsWaitingAsync(connection, first, stop) && outage.SayWaiting() is { } waiting)
            {
                yield return new(null, waiting);
            }

            for (var message = await first; message is not null; message = await connection.NextAsync(stop))
            {
                if (outage.End() is { } back)
                {
                    yield return new(null, back);
                }

                yield return new(message, null);
            }
            if (connection.Loss is null && complete())
            {
                yield break;
            }

            if (outage.Begin(connection.Loss ?? new CliException("The coordinator closed the stream.", ExitCode.Unreachable)) is { } lost)
            {
                yield return new(null, lost);
            }

            await outage.PauseAsync(stop);
        }
    }

    // Whether nobody has been found to connect to for so long that whoever looks on should know.
    private static async Task<bool> IsWaitingAsync(Connection connection, Task<T?> first, CancellationToken stop)
    {
        await Task.WhenAny(first, Task.Delay(SayWaitingAfter, stop));
        return !first.IsCompleted && !connection.IsFound;
    }

    /// <summary>One opening of the stream.</summary>
    private sealed class Connection(ClusterAddress address, Func<ClusterClient, CallOptions, AsyncServerStreamingCall<T>> open) : IDisposable
    {
        private ClusterClient? _client;
        private AsyncServerStreamingCall<T>? _call;

        /// <summary>There is somebody to connect to.</summary>
        public bool IsFound => _client is not null;

        /// <summary>Why there is no next message, unless the stream ended normally.</summary>
        public CliException? Loss { get; private set; }

        /// <returns>Null at the end and after a loss that may pass.</returns>
        public async Task<T?> NextAsync(CancellationToken stop)
        {
            try
            {
                _client ??= await ClusterClient.OpenAsync(address, stop);
                _call ??= open(_client, new CallOptions(cancellationToken: stop));
                return await _call.ResponseStream.MoveNext(stop) ? _call.ResponseStream.Current : null;
            }
            catch (RpcException failed)
            {
                stop.ThrowIfCancellationRequested();
                Loss = ApiErrors.Translate(failed, _client!);
                return ApiErrors.IsTransient(failed, _client!) ? null : throw Loss;
            }
            catch (CliException nobody) when (nobody.ExitCode == ExitCode.Unreachable)
            {
                Loss = nobody;
                return null;
            }
        }

        public void Dispose()
        {
            _call?.Dispose();
            _client?.Dispose();
        }
    }

    /// <summary>The time without an answer. A loss before the first answer, or after patience has run out, is thrown.</summary>
    private sealed class Outage(TimeSpan patience, bool patientFromTheStart)
    {
        private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
        private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

        private TimeSpan _pause = FirstPause;
        private long? _since;
        private bool _saidWaiting;
        private bool _patient = patientFromTheStart;

        /// <returns>What to say, unless it was said.</returns>
        public string? SayWaiting()
        {
            var said = _saidWaiting || _since is not null;
            _saidWaiting = true;
            return said ? null : "Waiting for the coordinator, which is being started again.";
        }

        /// <returns>What to say, if it has only just begun.</returns>
        public string? Begin(CliException loss)
        {
            if (!_patient)
            {
                throw loss;
            }

            if (_since is null)
            {
                _since = TimeProvider.System.GetTimestamp();
                return $"The connection is lost; trying again. ({loss.Message})";
            }
            if (TimeProvider.System.GetElapsedTime(_since.Value) < patience)
            {
                return null;
            }

            var silence = $"Nobody has answered for {Words.Duration(patience.TotalSeconds)}.";
            throw new CliException($"{silence} {loss.Message}", ExitCode.Unreachable, loss.Remedy, loss);
        }

        /// <returns>What to say, if there was an outage.</returns>
        public string? End()
        {
            var back = _since is null && !_saidWaiting ? null : "Connected again.";
            (_since, _saidWaiting, _pause, _patient) = (null, false, FirstPause, true);
            return back;
        }

        public async Task PauseAsync(CancellationToken stop)
        {
            await Task.Delay(_pause, stop);
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        }
    }
}
