using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Limits;
using Trainer.Hosting.Logging;
using Trainer.Hosting.Peers;

namespace Trainer.Node.Links;

/// <summary>A peer has said Hello on a new connection and waits for an answer: ours, or a refusal.</summary>
public sealed record LinkOffered(FrameHeader Header, Hello Hello, LinkConnection Connection);

/// <summary>Takes connections on all endpoints of a worker and hands on those that say Hello in time; over TCP with certificates, of nodes of the cluster alone.</summary>
/// <remarks>
/// One thread does it, however many come; but what speaks TLS has a gate of its own (<see cref="PeerGate"/>). A peer says Hello at once, so where more connections are silent than there is room for, whoever has been silent for longest goes:
/// strangers cost neither threads nor files without bound, and keep no peer out.
/// </remarks>
public sealed class LinkListener : IDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan PauseWithoutFiles = TimeSpan.FromSeconds(0.1);

    private static readonly IReadOnlyList<string> Peers = [PeerRoles.Node];

    private readonly List<(Socket Socket, LinkEndpoint Endpoint)> _bound = [];
    private readonly List<(Socket Socket, LinkEndpoint Endpoint)> _clear = [];
    private readonly List<PeerGate> _gates = [];
    private readonly ProcessCertificates? _certificates;
    private readonly ILogger _logger;
    private readonly LinkedList<Newcomer> _newcomers = [];
    private readonly ManualResetEventSlim _disposed = new();
    private readonly int _most;
    private readonly TimeSpan _helloWithin;
    private readonly LineAMinute _strays;
    private readonly LineAMinute _refused;
    private Action<LinkOffered> _offered = offer => offer.Connection.Dispose();

    /// <summary>Binds; peers that connect before <see cref="Start"/> wait.</summary>
    /// <param name="certificates">For TCP; null: in clear. Unix-domain sockets lie in a private folder.</param>
    /// <exception cref="IOException">An endpoint cannot be bound.</exception>
    public LinkListener(IEnumerable<LinkEndpoint> endpoints, ProcessCertificates? certificates, ILogger logger, ProcessLimits? limits = null)
    {
        (_certificates, _logger) = (certificates, logger);
        limits ??= ProcessLimits.Usual;
        (_most, _helloWithin) = (limits.Count(ProcessLimits.Hellos), limits.Seconds(ProcessLimits.HelloSeconds));
        _strays = new LineAMinute((count, last) => logger.LogWarning("Connections that did not become links: {Count} since the last such line. The last one: {Reason}", count, last));
        _refused = new LineAMinute((count, last) => logger.LogWarning("Connections to links that could not be taken: {Count} since the last such line. The last one: {Reason}", count, last));
        try
        {
            foreach (var endpoint in endpoints)
            {
                var socket = endpoint.Listen();
                _bound.Add((socket, socket.LocalEndPoint is IPEndPoint ip ? endpoint with { Port = ip.Port } : endpoint));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What was bound, with the ports that were found.</summary>
    public IEnumerable<LinkEndpoint> Endpoints => _bound.Select(bound => bound.Endpoint);

    /// <param name="offered">Called on a thread of the listener's.</param>
    public void Start(Action<LinkOffered> offered)
    {
        _offered = offered;
        foreach (var (socket, endpoint) in _bound)
        {
            if (endpoint.Path is null && _certificates is not null)
            {
                _gates.Add(new PeerGate(
                    socket, endpoint.ToString(), _certificates, Peers, (peer, stream) => Offer(new LinkConnection(peer, endpoint.ToString(), stream)), _logger, _most, _helloWithin));
            }
            else
            {
                _clear.Add((socket, endpoint));
            }
        }

        new Thread(Run) { IsBackground = true, Name = "link-accept" }.Start();
    }

    /// <summary>The near end of a connection within the process; the far one is taken like those that come to the endpoints.</summary>
    /// <exception cref="IOException">Nobody takes connections any more.</exception>
    public LinkConnection ConnectInMemory()
    {
        if (_disposed.IsSet)
        {
            throw new IOException("it takes no more connections");
        }

        var (near, far) = LinkConnection.InMemory(LinkRoutes.Memory);
        new Thread(() => Offer(far)) { IsBackground = true, Name = "link-hello" }.Start();
        return near;
    }

    public void Dispose()
    {
        _disposed.Set();
        _gates.ForEach(gate => gate.Dispose());
        _bound.ForEach(bound => bound.Socket.Dispose());
        foreach (var path in Endpoints.Select(endpoint => endpoint.Path).OfType<string>())
        {
            File.Delete(path);
        }

        _strays.Dispose();
        _refused.Dispose();
    }

    private void Run()
    {
        while (!_disposed.IsSet)
        {
            try
            {
                Serve();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Disposed, or out of files: the next round, if there is one, finds out.
                _disposed.Wait(PauseWithoutFiles);
            }
        }

        foreach (var newcomer in _newcomers)
        {
            newcomer.Dispose();
        }
    }

    // What is ready: newcomers first, so that a real peer's Hello is read before its place is given away.
    private void Serve()
    {
        if (_clear.Count == 0)
        {
            _disposed.Wait();
            return;
        }

        var ready = _clear.Select(bound => bound.Socket).Concat(_newcomers.Select(newcomer => newcomer.Socket)).ToList();
        Socket.Select(ready, null, null, LookAgain);
        var sockets = ready.ToHashSet();
        foreach (var newcomer in _newcomers.Where(newcomer => sockets.Contains(newcomer.Socket)).ToList())
        {
            Read(newcomer);
        }

        foreach (var (socket, endpoint) in _clear.Where(bound => sockets.Contains(bound.Socket)))
        {
            Accept(socket, endpoint);
        }

        while (_newcomers.First?.Value is { } oldest && TimeProvider.System.GetElapsedTime(oldest.Since) > _helloWithin)
        {
            Drop(oldest, $"it did not say Hello within {_helloWithin.TotalSeconds:0} s (--limit {ProcessLimits.HelloSeconds.Name}=N)");
        }
    }

    private void Accept(Socket listening, LinkEndpoint endpoint)
    {
        try
        {
            _newcomers.AddLast(new Newcomer(listening.Accept(), endpoint.ToString(), TimeProvider.System.GetTimestamp()));
            if (_newcomers.Count > _most)
            {
                Drop(_newcomers.First!.Value, $"more than {_most} have not said Hello (--limit {ProcessLimits.Hellos.Name}=N)");
            }
        }
        catch (SocketException e) when (!_disposed.IsSet)
        {
            _refused.Note($"{endpoint}: {e.Message}");
            if (_newcomers.First is { } oldest)
            {
                Drop(oldest.Value, "this process has no more files");
            }

            _disposed.Wait(PauseWithoutFiles);
        }
    }

    private void Read(Newcomer newcomer)
    {
        try
        {
            if (newcomer.Read())
            {
                _newcomers.Remove(newcomer);
                Offer(newcomer.ToConnection());
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            Drop(newcomer, e.Message);
        }
    }

    private void Offer(LinkConnection connection)
    {
        try
        {
            var (header, hello) = connection.ReadHello();
            _offered(new LinkOffered(header, hello, connection));
        }
        catch (IOException e)
        {
            _strays.Note($"{connection.Description}: {e.Message}");
            connection.Dispose();
        }
    }

    private void Drop(Newcomer newcomer, string reason)
    {
        _newcomers.Remove(newcomer);
        _strays.Note($"{newcomer.Description}: {reason}");
        newcomer.Dispose();
    }
}
