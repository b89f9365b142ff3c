using System.Net.Sockets;

namespace Trainer.Hosting.Peers;

/// <summary>Closes a socket once the time is up, whoever waits on it; not any more once it is disposed.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly Timer _timer;
    private volatile bool _hasPassed;

    public Deadline(Socket socket, TimeSpan within) => _timer = new Timer(_ => Pass(socket), null, within, Timeout.InfiniteTimeSpan);

    public bool HasPassed => _hasPassed;

    public void Dispose() => _timer.Dispose();

    private void Pass(Socket socket)
    {
        _hasPassed = true;
        socket.Dispose();
    }
}
