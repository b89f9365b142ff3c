using System.Net;
using System.Net.Sockets;

namespace Trainer.Hosting.Cluster;

/// <summary>The address that a process binds and is known by: <c>--host</c>.</summary>
public static class OwnHost
{
    public static bool IsLoopback(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>As it stands before a port: an IPv6 address, such as a pod's, in brackets.</summary>
    public static string InAddress(string host) => host.Contains(':') && host[0] != '[' ? $"[{host}]" : host;

    /// <exception cref="IOException">The host's name has no address.</exception>
    public static void RequireResolved(string host)
    {
        if (IPAddress.TryParse(host, out _))
        {
            return;
        }

        try
        {
            if (Dns.GetHostAddresses(host).Length > 0)
            {
                return;
            }
        }
        catch (SocketException unknown)
        {
            throw new IOException($"Host '{host}' has no address ({unknown.Message}); give --host an address or a name of this machine.", unknown);
        }

        throw new IOException($"Host '{host}' has no address; give --host an address or a name of this machine.");
    }

    /// <summary>What the machine says to binding the address; null where it now can be bound.</summary>
    internal static string? WhyNotBound(string host, int port)
    {
        try
        {
            var address = IPAddress.TryParse(host, out var literal) ? literal : Dns.GetHostAddresses(host)[0];
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen();
            return null;
        }
        catch (SocketException e)
        {
            return e.Message.ToLowerInvariant();
        }
    }
}
