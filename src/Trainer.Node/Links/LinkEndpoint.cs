using System.Net;
using System.Net.Sockets;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Peers;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Links;

/// <summary>Where a worker takes links: <c>unix:/path</c> or <c>tcp://host:port</c>.</summary>
public sealed record LinkEndpoint(string? Path, string? Host, int Port)
{
    private const string UnixPrefix = "unix:";
    private const string TcpPrefix = "tcp://";

    public static LinkEndpoint Unix(string path) => new(path, Host: null, Port: 0);

    public static LinkEndpoint Tcp(string host, int port) => new(Path: null, host, port);

    /// <exception cref="FormatException">Naming the text and what was expected.</exception>
    public static LinkEndpoint Parse(string text)
    {
        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal) && text.Length > UnixPrefix.Length)
        {
            return Unix(text[UnixPrefix.Length..]);
        }

        var colon = text.LastIndexOf(':');
        if (text.StartsWith(TcpPrefix, StringComparison.Ordinal) && colon > TcpPrefix.Length
            && ushort.TryParse(text.AsSpan(colon + 1), out var port) && port > 0)
        {
            return Tcp(text[TcpPrefix.Length..colon].Trim('[', ']'), port);
        }

        throw new FormatException($"Link endpoint '{text}' is neither unix:/path nor tcp://host:port.");
    }

    /// <summary>The endpoints of a member worth trying from a machine, the best first: Unix-domain sockets reach only the same machine.</summary>
    public static IReadOnlyList<LinkEndpoint> Reachable(Member member, string fromHost) =>
        [.. member.LinkEndpoints.Select(Parse).Where(e => e.Path is null || member.Host == fromHost).OrderBy(e => e.Path is null)];

    /// <summary>Connects, blocking; may be cut short by disposing what <paramref name="opened"/> was told.</summary>
    /// <param name="within">For the connection, and once more for the handshake.</param>
    /// <param name="certificates">For TCP; null: in clear. Unix-domain sockets lie in a private folder.</param>
    /// <exception cref="SocketException">It cannot be reached.</exception>
    /// <exception cref="IOException">It is not a node of this cluster.</exception>
    /// <exception cref="ObjectDisposedException">It was cut short, or does not answer in time.</exception>
    public LinkConnection Connect(Action<IDisposable> opened, TimeSpan within, ProcessCertificates? certificates)
    {
        var socket = Path is not null
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        opened(socket);
        try
        {
            // A socket that has once connected asynchronously is slower in all that follows.
            using var late = new Timer(_ => socket.Dispose(), null, within, Timeout.InfiniteTimeSpan);
            if (Path is not null)
            {
                socket.Connect(new UnixDomainSocketEndPoint(Path));
            }
            else
            {
                socket.Connect(Host!, Port);
            }

            late.Change(within, Timeout.InfiniteTimeSpan);
            var stream = Path is null && certificates is not null ? PeerStream.Dial(socket, certificates, [PeerRoles.Node]) : null;
            return new LinkConnection(socket, ToString(), stream);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A socket that listens here; port 0 takes any free one. What a process before left under the path of a Unix socket goes.</summary>
    /// <exception cref="IOException">The endpoint cannot be bound.</exception>
    public Socket Listen()
    {
        try
        {
            return Bind();
        }
        catch (SocketException e)
        {
            throw new IOException($"links cannot be taken at {this}: {e.Message.ToLowerInvariant()}", e);
        }
    }

    private Socket Bind()
    {
        EndPoint endPoint;
        if (Path is not null)
        {
            File.Delete(Path);
            endPoint = new UnixDomainSocketEndPoint(Path);
        }
        else
        {
            endPoint = new IPEndPoint(IPAddress.TryParse(Host, out var address) ? address : Dns.GetHostAddresses(Host!)[0], Port);
        }

        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, Path is null ? ProtocolType.Tcp : ProtocolType.Unspecified);
        try
        {
            socket.Bind(endPoint);
            socket.Listen(backlog: 128);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override string ToString() => Path is not null ? UnixPrefix + Path : $"{TcpPrefix}{(Host!.Contains(':') ? $"[{Host}]" : Host)}:{Port}";
}
