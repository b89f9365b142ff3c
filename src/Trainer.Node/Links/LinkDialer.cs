using System.Diagnostics;
using System.Net.Sockets;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Links;

/// <summary>The peer has answered our Hello with its own.</summary>
public sealed record LinkDialed(int Rank, LinkConnection Connection, GenerationNumber Generation);

/// <summary>A link that cannot come to be: the peer refused, cannot be reached, or its endpoints make no sense.</summary>
public sealed record LinkFailed(int Rank, string Reason, GenerationNumber Generation);

/// <summary>Opens the link to one peer, on a thread of its own: tries the ways to it, best first, until one answers, none could be reached for a while, or it is told to stop.</summary>
/// <remarks>The peer may learn of the generation later than we do; it then lets our Hello wait, which counts as reached.</remarks>
public sealed class LinkDialer : IDisposable
{
    /// <summary>How long a peer is tried that cannot be reached (Protocol rule 6).</summary>
    public static readonly TimeSpan OpensWithin = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly ManualResetEventSlim _stop = new();
    private IDisposable? _opened;
    private string _last = "";

    /// <param name="header">Of our Hello: job, generation and our rank.</param>
    /// <param name="finished">Told <see cref="LinkDialed"/> or <see cref="LinkFailed"/> once, on the dialer's thread; nothing when stopped.</param>
    public LinkDialer(int rank, Member peer, LinkRoutes routes, FrameHeader header, Hello hello, Action<object> finished) =>
        new Thread(() => Dial(rank, peer, routes, header, hello, finished)) { IsBackground = true, Name = $"link-dial-{rank}" }.Start();

    public void Dispose()
    {
        _stop.Set();
        Volatile.Read(ref _opened)?.Dispose();
    }

    private void Dial(int rank, Member peer, LinkRoutes routes, FrameHeader header, Hello hello, Action<object> finished)
    {
        try
        {
            var ways = routes.To(peer);
            if (ways.Count == 0)
            {
                throw new FormatException($"it has no endpoint that can be reached from here (it has {peer.LinkEndpoints.Count})");
            }

            var left = OpensWithin;
            for (var pause = FirstPause; !_stop.IsSet; pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks)))
            {
                var begin = Stopwatch.GetTimestamp();
                var connection = ways.Select(way => TryOpen(way, LongestPause, peer, header, hello)).FirstOrDefault(c => c is not null);
                if (connection is not null)
                {
                    finished(new LinkDialed(rank, connection, header.Generation));
                    return;
                }

                _stop.Wait(pause);
                left -= Counted(Stopwatch.GetElapsedTime(begin), pause, ways.Count);
                if (left <= TimeSpan.Zero)
                {
                    throw new LinkRefusedException($"it could not be reached within {OpensWithin.TotalSeconds:0} s ({_last})");
                }
            }
        }
        catch (Exception e) when (e is FormatException or LinkRefusedException or FrameException)
        {
            finished(new LinkFailed(rank, $"link to {peer.Worker}: {e.Message}", header.Generation));
        }
    }

    // A process that was stopped meanwhile has not tried any longer than the tries last.
    private static TimeSpan Counted(TimeSpan elapsed, TimeSpan pause, int ways) =>
        TimeSpan.FromTicks(Math.Min(elapsed.Ticks, (pause + (2 * LongestPause * ways)).Ticks)); // A connection and a handshake for each.

    /// <summary>Whoever stops us either finds the connection here, or has stopped us before.</summary>
    private void Opened(IDisposable connection)
    {
        Volatile.Write(ref _opened, connection);
        if (_stop.IsSet)
        {
            connection.Dispose();
        }
    }

    private LinkConnection? TryOpen(LinkRoute way, TimeSpan within, Member peer, FrameHeader header, Hello hello)
    {
        LinkConnection? connection = null;
        try
        {
            connection = way.Connect(Opened, within);
            connection.Write(header, hello.ToBytes());
            var answer = connection.ReadHello().Hello;
            return answer.Incarnation == peer.Incarnation
                ? connection
                : throw new LinkRefusedException($"incarnation '{answer.Incarnation}' answers at {way.Name}, expected '{peer.Incarnation}'");
        }
        catch (Exception e) when (e is LinkRefusedException or FrameException)
        {
            connection?.Dispose();
            throw;
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            connection?.Dispose();
            _last = $"{way.Name}: {(e is ObjectDisposedException ? "no answer" : e.Message)}";
            return null;
        }
    }
}
