using System.Net.Sockets;
using System.Text;
using Trainer.Hosting.Peers;

namespace Trainer.Node.Links;

/// <summary>A connection that carries frames, over a socket or through memory. Blocking calls only: one thread may read while another writes.</summary>
public sealed class LinkConnection : IDisposable
{
    private readonly ILinkWire _wire;
    private readonly byte[] _outgoing = new byte[FrameHeader.Bytes];
    private readonly byte[] _incoming = new byte[FrameHeader.Bytes];
    private ReadOnlyMemory<byte> _ahead;
    private long _position;

    /// <param name="stream">TLS over the socket; null: in clear.</param>
    /// <param name="ahead">What has been read from the socket already.</param>
    public LinkConnection(Socket socket, string description, PeerStream? stream = null, ReadOnlyMemory<byte> ahead = default)
        : this(new SocketWire(socket, stream), description) => _ahead = ahead;

    private LinkConnection(ILinkWire wire, string description) => (_wire, Description) = (wire, description);

    /// <summary>The endpoint, for people.</summary>
    public string Description { get; }

    public long BytesSent { get; private set; }

    public long BytesReceived => _position;

    /// <summary>How long one read may wait; zero: for ever. A handshake has a limit, a step has none.</summary>
    public TimeSpan ReadTimeout { set => _wire.ReadTimeout = value; }

    /// <summary>The two ends of a connection within the process.</summary>
    public static (LinkConnection Near, LinkConnection Far) InMemory(string description)
    {
        var (near, far) = MemoryWire.Pair();
        return (new LinkConnection(near, description), new LinkConnection(far, description));
    }

    public void Write(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var frame = header with { PayloadLength = payload.Length };
        frame.Write(_outgoing);
        _wire.Write(_outgoing, payload);
        BytesSent += FrameHeader.Bytes + payload.Length;
    }

    /// <summary>The next frame's header; null where the peer has closed the link between two frames.</summary>
    public FrameHeader? ReadHeader()
    {
        var position = _position;
        return ReadAll(_incoming, mayEnd: true) ? FrameHeader.Read(_incoming, position) : null;
    }

    public void ReadPayload(Span<byte> payload) => ReadAll(payload, mayEnd: false);

    /// <summary>Reads a frame that opens a link: small, and of an expected kind.</summary>
    /// <exception cref="LinkRefusedException">The peer said why not, or it speaks another protocol, which it is told.</exception>
    public (FrameHeader Header, Hello Hello) ReadHello()
    {
        var header = ReadHeader() ?? throw new IOException("the peer closed the link before it said Hello");
        RequireHello(header);
        var payload = new byte[header.PayloadLength];
        ReadPayload(payload);
        return header.Kind == FrameKind.Refusal
            ? throw new LinkRefusedException(Encoding.UTF8.GetString(payload) is var reason && string.IsNullOrWhiteSpace(reason) ? "the peer does not say why" : reason)
            : (header, ParseOrRefuse(header, payload));
    }

    /// <exception cref="FrameException">The header is not that of a frame that opens a link.</exception>
    internal static void RequireHello(in FrameHeader header)
    {
        if (header.Kind is not (FrameKind.Hello or FrameKind.Refusal or FrameKind.StateWanted) || header.PayloadLength > Hello.MaxBytes)
        {
            throw new FrameException("kind", 6, $"{header.Kind} with {header.PayloadLength} bytes", $"Hello with at most {Hello.MaxBytes} bytes");
        }
    }

    private Hello ParseOrRefuse(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        try
        {
            return Hello.Parse(payload);
        }
        catch (LinkRefusedException e)
        {
            Refuse(header, e.Message);
            throw;
        }
    }

    /// <summary>Says why the link is not wanted, and closes it.</summary>
    public void Refuse(in FrameHeader header, string reason)
    {
        try
        {
            Write(header with { Kind = FrameKind.Refusal }, Encoding.UTF8.GetBytes(reason));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The peer is gone already; it cannot be told.
        }

        Dispose();
    }

    /// <summary>Closes the link; calls that wait on it fail at once.</summary>
    public void Dispose() => _wire.Dispose();

    private bool ReadAll(Span<byte> bytes, bool mayEnd)
    {
        var length = bytes.Length;
        while (bytes.Length > 0)
        {
            var read = Receive(bytes);
            if (read == 0)
            {
                return mayEnd && bytes.Length == length
                    ? false
                    : throw new EndOfStreamException($"the stream ends at byte {_position}, {bytes.Length} bytes before the end of the frame");
            }

            _position += read;
            bytes = bytes[read..];
        }

        return true;
    }

    private int Receive(Span<byte> bytes)
    {
        if (_ahead.Length == 0)
        {
            return _wire.Read(bytes);
        }

        var count = Math.Min(bytes.Length, _ahead.Length);
        _ahead.Span[..count].CopyTo(bytes);
        _ahead = _ahead[count..];
        return count;
    }
}

/// <summary>The peer does not want the link; the message is its own.</summary>
public sealed class LinkRefusedException(string message) : IOException(message);
