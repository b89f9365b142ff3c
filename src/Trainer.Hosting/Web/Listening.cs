using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Hosting;
using Trainer.Hosting.Certificates;

namespace Trainer.Hosting.Web;

/// <summary>A port of the process: asked for before it is bound, known afterwards.</summary>
/// <param name="certificates">It is spoken to in TLS; null: in clear.</param>
public sealed class Listening(string host, ConnectionGate gate, ProcessCertificates? certificates) : IDisposable
{
    private static readonly TimeSpan HandshakeWithin = TimeSpan.FromSeconds(5);

    private ListenOptions? _options;
    private string _asked = "";

    private string Scheme => certificates is null ? "http" : "https";

    /// <summary>http://host:port or https://host:port; known once the server has started.</summary>
    public string Url => $"{Scheme}://{(host.Contains(':') ? $"[{host}]" : host)}:{_options?.IPEndPoint?.Port ?? throw new InvalidOperationException("Not bound yet.")}";

    /// <summary>Where the process itself reaches the port; known once the server has started.</summary>
    public Uri Own => new UriBuilder(Scheme, OwnAddress.ToString(), new Uri(Url).Port).Uri;

    // Of a wildcard, and of a host's name, any address is bound.
    private IPAddress OwnAddress => !IPAddress.TryParse(host, out var literal) || literal.Equals(IPAddress.Any) ? IPAddress.Loopback
        : literal.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
        : literal;

    public void Dispose() => gate.Dispose();

    /// <summary>Starts the server that <see cref="Bind"/> told of its ports.</summary>
    /// <exception cref="IOException">One of them cannot be bound, with its address.</exception>
    public static async Task StartAsync(IHost server, params Listening[] ports)
    {
        try
        {
            await server.StartAsync();
        }
        catch (SocketException e) // Of a port that is taken, Kestrel says itself which one it is.
        {
            throw new IOException($"{string.Join(" and ", ports.Select(port => port._asked))} cannot be bound: {e.Message.ToLowerInvariant()}", e);
        }
    }

    /// <summary>Binds the address; for the name of a host, all of its addresses.</summary>
    /// <param name="protocols">In clear; in TLS both sides agree on one.</param>
    public void Bind(KestrelServerOptions kestrel, int port, HttpProtocols protocols)
    {
        var address = host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out var literal) ? literal : AnyOf(AddressesOf(host));
        _asked = $"{host}:{port}";
        kestrel.Listen(address, port, options =>
        {
            options.Protocols = certificates is null ? protocols : HttpProtocols.Http1AndHttp2;
            options.Use((connection, next) => gate.ServeAsync(connection, next));
            if (certificates is not null)
            {
                options.UseHttps(new TlsHandshakeCallbackOptions { HandshakeTimeout = HandshakeWithin, OnConnection = _ => new(certificates.ForClients()) });
            }

            _options = options;
        });
    }

    /// <summary>Where a name with these addresses listens: at all of both families, or of IPv4 where it has no other, or none yet. Kestrel binds IPv6's for both.</summary>
    internal static IPAddress AnyOf(IReadOnlyCollection<IPAddress> own) =>
        Socket.OSSupportsIPv6 && own.Any(address => address.AddressFamily == AddressFamily.InterNetworkV6) ? IPAddress.IPv6Any : IPAddress.Any;

    private static IPAddress[] AddressesOf(string name)
    {
        try
        {
            return Dns.GetHostAddresses(name);
        }
        catch (SocketException)
        {
            return []; // It has none yet.
        }
    }
}
