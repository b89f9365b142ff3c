using System.Net;
using System.Net.Sockets;
using Trainer.Hosting.Web;

namespace Trainer.Hosting.Cluster;

/// <summary>The address that a process binds and is known by: <c>--host</c>.</summary>
public static class OwnHost
{
    private const int Backlog = 512;

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

    /// <summary>Listens at the address; for a name, at its address, or at all of the machine's where it has some of both families, since others may know it by either.</summary>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    internal static Socket Listen(string host, int port)
    {
        var address = IPAddress.TryParse(host, out var literal) ? literal : OneOf(Dns.GetHostAddresses(host));
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>What the machine says to binding the address; null where it now can be bound.</summary>
    internal static string? WhyNotBound(string host, int port)
    {
        try
        {
            Listen(host, port).Dispose();
            return null;
        }
        catch (SocketException e)
        {
            return e.Message.ToLowerInvariant();
        }
    }

    /// <summary>Of a name's addresses the first, or all of the machine's; loopback has both families on every machine, and is never more than that.</summary>
    internal static IPAddress OneOf(IPAddress[] own) =>
        own.Where(address => !IPAddress.IsLoopback(address)).DistinctBy(address => address.AddressFamily).Count() > 1 ? Listening.AnyOf(own) : own[0];
}
