using System.Net.Sockets;
using Trainer.Hosting.Peers;

namespace Trainer.Node.Links;

/// <summary>A socket, in clear or in TLS.</summary>
/// <remarks>
/// No asynchronous call ever touches the socket: the first would switch it to non-blocking mode, and every blocking call
/// after it would go through the runtime's polling thread.
/// </remarks>
internal sealed class SocketWire : ILinkWire
{
    private const int Buffer = 2 << 20;

    private readonly Socket _socket;
    private readonly PeerStream? _stream;

    /// <param name="stream">TLS over the socket; null: in clear.</param>
    public SocketWire(Socket socket, PeerStream? stream)
    {
        (_socket, _stream) = (socket, stream);
        (socket.SendBufferSize, socket.ReceiveBufferSize) = (Buffer, Buffer);
        if (socket.AddressFamily != AddressFamily.Unix)
        {
            socket.NoDelay = true;
        }
    }

    public TimeSpan ReadTimeout { set => _socket.ReceiveTimeout = (int)value.TotalMilliseconds; }

    public void Write(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        if (_stream is not null)
        {
            _stream.Write(header, payload);
            return;
        }

        var sent = GatherWrite.Write(_socket, header, payload);
        SendAll(header[Math.Min(sent, header.Length)..]);
        SendAll(payload[Math.Max(0, sent - header.Length)..]);
    }

    public int Read(Span<byte> into) => _stream is not null ? _stream.Read(into) : _socket.Receive(into);

    public void Dispose()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Not connected any more.
        }

        _socket.Dispose();
        _stream?.Dispose();
    }

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }
}
