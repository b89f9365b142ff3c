using System.Net.Sockets;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Links;

/// <summary>The peer has answered our Hello with its own.</summary>
public sealed record LinkDialed(int Rank, LinkConnection Connection, GenerationNumber Generation);

/// <summary>A link that cannot come to be: the peer refused, or its endpoints make no sense.</summary>
public sealed record LinkFailed(int Rank, string Reason, GenerationNumber Generation);

/// <summary>Opens the link to one peer, on a thread of its own: tries its endpoints, best first, until one answers or it is told to stop.</summary>
/// <remarks>The peer may learn of the generation later than we do; it then lets our Hello wait.</remarks>
public sealed class LinkDialer : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly ManualResetEventSlim _stop = new();
    private Socket? _opened;

    /// <param name="header">Of our Hello: job, generation and our rank.</param>
    /// <param name="finished">Told <see cref="LinkDialed"/> or <see cref="LinkFailed"/> once, on the dialer's thread; nothing when stopped.</param>
    public LinkDialer(int rank, Member peer, string fromHost, FrameHeader header, Hello hello, Action<object> finished)
    {
        new Thread(() => Dial(rank, peer, fromHost, header, hello, finished)) { IsBackground = true, Name = $"link-dial-{rank}" }.Start();
    }

    public void Dispose()
    {
        _stop.Set();
        Volatile.Read(ref _opened)?.Dispose();
    }

    private void Dial(int rank, Member peer, string fromHost, FrameHeader header, Hello hello, Action<object> finished)
    {
        try
        {
            var endpoints = LinkEndpoint.Reachable(peer, fromHost);
            if (endpoints.Count == 0)
            {
                throw new FormatException($"it has no endpoint that can be reached from here (it has {peer.LinkEndpoints.Count})");
            }

            for (var pause = FirstPause; !_stop.IsSet; pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks)))
            {
                var connection = endpoints.Select(endpoint => TryOpen(endpoint, peer, header, hello)).FirstOrDefault(c => c is not null);
                if (connection is not null)
                {
                    finished(new LinkDialed(rank, connection, header.Generation));
                    return;
                }

                _stop.Wait(pause);
            }
        }
        catch (Exception e) when (e is FormatException or LinkRefusedException or FrameException)
        {
            finished(new LinkFailed(rank, $"link to {peer.Worker}: {e.Message}", header.Generation));
        }
    }

    /// <summary>Whoever stops us either finds the socket here, or has stopped us before.</summary>
    private void Opened(Socket socket)
    {
        Volatile.Write(ref _opened, socket);
        if (_stop.IsSet)
        {
            socket.Dispose();
        }
    }

    private LinkConnection? TryOpen(LinkEndpoint endpoint, Member peer, FrameHeader header, Hello hello)
    {
        LinkConnection? connection = null;
        try
        {
            connection = endpoint.Connect(Opened);
            connection.Write(header, hello.ToBytes());
            var answer = connection.ReadHello().Hello;
            return answer.Incarnation == peer.Incarnation
                ? connection
                : throw new LinkRefusedException($"incarnation '{answer.Incarnation}' answers at {endpoint}, expected '{peer.Incarnation}'");
        }
        catch (Exception e) when (e is LinkRefusedException or FrameException)
        {
            connection?.Dispose();
            throw;
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            connection?.Dispose();
            return null;
        }
    }
}
