using System.Collections.Concurrent;
using Trainer.Hosting.Certificates;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Links;

/// <summary>A way to a peer.</summary>
/// <param name="Name">For people.</param>
/// <param name="Connect">As <see cref="LinkEndpoint.Connect"/>.</param>
public sealed record LinkRoute(string Name, Func<Action<IDisposable>, TimeSpan, LinkConnection> Connect);

/// <summary>How the workers of a process reach others: each other through memory, all others at the endpoints that those name.</summary>
/// <param name="host">The own machine's id: Unix-domain sockets are for the same one.</param>
/// <param name="certificates">For TCP; null: in clear. Unix-domain sockets lie in a private folder.</param>
public sealed class LinkRoutes(string host, ProcessCertificates? certificates)
{
    /// <summary>The way within the process, for people.</summary>
    public const string Memory = "memory";

    private readonly ConcurrentDictionary<string, LinkListener> _here = new(StringComparer.Ordinal);

    public string Host => host;

    /// <summary>A worker of this process takes links.</summary>
    public void Add(string incarnation, LinkListener listener) => _here[incarnation] = listener;

    /// <summary>The ways worth trying, the best first.</summary>
    /// <exception cref="FormatException">One of the peer's endpoints makes no sense.</exception>
    public IReadOnlyList<LinkRoute> To(Member peer) => _here.TryGetValue(peer.Incarnation, out var listener)
        ? [new LinkRoute(Memory, (opened, _) => Opened(listener.ConnectInMemory(), opened))]
        : [.. LinkEndpoint.Reachable(peer, host).Select(endpoint => new LinkRoute(endpoint.ToString(), (opened, within) => endpoint.Connect(opened, within, certificates)))];

    private static LinkConnection Opened(LinkConnection connection, Action<IDisposable> opened)
    {
        opened(connection);
        return connection;
    }
}
