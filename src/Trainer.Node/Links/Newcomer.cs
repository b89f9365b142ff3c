using System.Net.Sockets;

namespace Trainer.Node.Links;

/// <summary>A connection that has not said Hello yet. No thread waits for it: the listener tells it when there is something to read.</summary>
internal sealed class Newcomer(Socket socket, string description, long since) : IDisposable
{
    private readonly byte[] _bytes = new byte[FrameHeader.Bytes + Hello.MaxBytes];
    private int _count;
    private int _wanted = FrameHeader.Bytes;

    public Socket Socket => socket;

    /// <summary>The endpoint, for people.</summary>
    public string Description => description;

    /// <summary>When it came, as the clock's timestamp.</summary>
    public long Since => since;

    /// <summary>Reads what is there, and no more than a Hello; true: the Hello is whole.</summary>
    /// <exception cref="IOException">It is none, or the peer is gone.</exception>
    /// <exception cref="SocketException">The connection broke.</exception>
    public bool Read()
    {
        var read = socket.Receive(_bytes.AsSpan(_count, _wanted - _count));
        _count += read > 0 ? read : throw new EndOfStreamException("the peer closed the link before it said Hello");
        if (_count == FrameHeader.Bytes)
        {
            var header = FrameHeader.Read(_bytes, position: 0);
            LinkConnection.RequireHello(header);
            _wanted += header.PayloadLength;
        }

        return _count == _wanted;
    }

    /// <summary>The connection, with the Hello still to be read from it.</summary>
    public LinkConnection ToConnection() => new(socket, description, stream: null, _bytes.AsMemory(0, _count));

    public void Dispose() => socket.Dispose();
}
