using System.Net.Sockets;
using Trainer.Node.Links;

namespace Trainer.Node.Tests.Links;

/// <summary>Real connected sockets within the test's process.</summary>
internal static class Sockets
{
    /// <summary>Two ends of a TCP or Unix-domain connection.</summary>
    public static (LinkConnection A, LinkConnection B) Pair(bool unix)
    {
        var (a, b) = RawPair(unix);
        return (new LinkConnection(a, "a"), new LinkConnection(b, "b"));
    }

    public static (Socket A, Socket B) RawPair(bool unix)
    {
        var path = Path.Combine(Path.GetTempPath(), $"trainer-test-{Guid.NewGuid():N}.sock");
        using var listening = (unix ? LinkEndpoint.Unix(path) : LinkEndpoint.Tcp("127.0.0.1", 0)).Listen();
        var end = unix ? new UnixDomainSocketEndPoint(path) : listening.LocalEndPoint!;
        var a = new Socket(end.AddressFamily, SocketType.Stream, unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        a.Connect(end);
        var b = listening.Accept();
        File.Delete(path);
        return (a, b);
    }

    /// <summary>A full mesh: [rank][peer], null on the diagonal.</summary>
    public static LinkConnection?[][] Mesh(int members, bool unix) => Mesh(members, () => Pair(unix));

    /// <param name="pair">Two ends of a connection.</param>
    public static LinkConnection?[][] Mesh(int members, Func<(LinkConnection A, LinkConnection B)> pair)
    {
        var mesh = Enumerable.Range(0, members).Select(_ => new LinkConnection?[members]).ToArray();
        for (var low = 0; low < members; low++)
        {
            for (var high = low + 1; high < members; high++)
            {
                (mesh[low][high], mesh[high][low]) = pair();
            }
        }

        return mesh;
    }
}
