using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Trainer.Coordinator.Http;

namespace Trainer.Coordinator;

/// <summary>A port of the process: asked for before it is bound, known afterwards.</summary>
internal sealed class Listening(string host, ConnectionGate gate) : IDisposable
{
    private ListenOptions? _options;

    /// <summary>http://host:port; known once the server has started.</summary>
    public string Url => $"http://{(host.Contains(':') ? $"[{host}]" : host)}:{_options?.IPEndPoint?.Port ?? throw new InvalidOperationException("Not bound yet.")}";

    /// <summary>Where the process itself reaches the port; known once the server has started.</summary>
    public Uri Own => new UriBuilder("http", OwnAddress.ToString(), new Uri(Url).Port).Uri;

    // Of a wildcard, and of a host's name, any address is bound.
    private IPAddress OwnAddress => !IPAddress.TryParse(host, out var literal) || literal.Equals(IPAddress.Any) ? IPAddress.Loopback
        : literal.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
        : literal;

    public void Dispose() => gate.Dispose();

    /// <summary>Binds the address; for the name of a host, all of its addresses.</summary>
    public void Bind(KestrelServerOptions kestrel, int port, HttpProtocols protocols)
    {
        var address = host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out var literal) ? literal : IPAddress.Any;
        kestrel.Listen(address, port, options =>
        {
            options.Protocols = protocols;
            options.Use((connection, next) => gate.ServeAsync(connection, next));
            _options = options;
        });
    }
}
