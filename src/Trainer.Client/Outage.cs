using Grpc.Core;

namespace Trainer.Client;

/// <summary>The time without an answer: how long it has been, and when to ask again.</summary>
internal sealed class Outage(TrainerClientOptions options)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private TimeSpan _pause = FirstPause;
    private long? _since;

    /// <summary>Waits until it is worth asking again.</summary>
    /// <exception cref="TrainerException">Nobody has answered for too long, or asking again is of no use.</exception>
    public async Task PassAsync(RpcException loss, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        if (!Transience.IsTransient(loss) || (_since is { } since && TimeProvider.System.GetElapsedTime(since) >= options.Patience))
        {
            throw TrainerException.Of(loss);
        }

        if (_since is null)
        {
            _since = TimeProvider.System.GetTimestamp();
            options.Noticed?.Invoke($"The connection is lost; trying again. ({loss.Status.Detail})");
        }

        await Task.Delay(_pause, stop);
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
    }

    public void End()
    {
        if (_since is not null)
        {
            options.Noticed?.Invoke("Connected again.");
        }

        (_since, _pause) = (null, FirstPause);
    }
}
