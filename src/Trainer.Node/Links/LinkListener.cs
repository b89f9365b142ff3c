using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Trainer.Node.Links;

/// <summary>A peer has said Hello on a new connection and waits for an answer: ours, or a refusal.</summary>
public sealed record LinkOffered(FrameHeader Header, Hello Hello, LinkConnection Connection);

/// <summary>Takes connections on all endpoints of a worker and hands on those that say Hello in time.</summary>
public sealed class LinkListener : IDisposable
{
    private static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(5);

    private readonly List<(Socket Socket, LinkEndpoint Endpoint)> _bound = [];
    private readonly ILogger _logger;
    private Action<LinkOffered> _offered = offer => offer.Connection.Dispose();
    private volatile bool _disposed;

    /// <summary>Binds; peers that connect before <see cref="Start"/> wait.</summary>
    /// <exception cref="IOException">An endpoint cannot be bound.</exception>
    public LinkListener(IEnumerable<LinkEndpoint> endpoints, ILogger logger)
    {
        _logger = logger;
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
            StartThread("link-accept", () => AcceptAll(socket, endpoint));
        }
    }

    public void Dispose()
    {
        _disposed = true;
        _bound.ForEach(bound => bound.Socket.Dispose());
        foreach (var path in Endpoints.Select(endpoint => endpoint.Path).OfType<string>())
        {
            File.Delete(path);
        }
    }

    private static void StartThread(string name, ThreadStart run) => new Thread(run) { IsBackground = true, Name = name }.Start();

    private void AcceptAll(Socket listening, LinkEndpoint endpoint)
    {
        while (!_disposed)
        {
            try
            {
                var socket = listening.Accept();
                StartThread("link-hello", () => ReadHello(new LinkConnection(socket, endpoint.ToString())));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (!_disposed)
                {
                    _logger.LogWarning("Link endpoint {Endpoint} took no connection: {Reason}", endpoint, e.Message);
                }
            }
        }
    }

    private void ReadHello(LinkConnection connection)
    {
        try
        {
            connection.ReadTimeout = HelloTimeout;
            var (header, hello) = connection.ReadHello();
            connection.ReadTimeout = TimeSpan.Zero;
            _offered(new LinkOffered(header, hello, connection));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            _logger.LogWarning("A connection to {Endpoint} did not become a link: {Reason}", connection.Description, e.Message);
            connection.Dispose();
        }
    }
}
