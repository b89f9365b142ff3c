using System.Net.Sockets;

namespace Trainer.Hosting.Peers;

/// <summary>
/// A blocking socket as a stream for TLS: one thread may read while another writes. No asynchronous call ever touches the socket, since that would make all that follow slower.
/// What is written is gathered until <see cref="Flush"/>: TLS writes records of 16 KiB, and a call to the system for each of them costs more than copying them.
/// </summary>
internal sealed class SocketStream(Socket socket) : Stream
{
    private const int GatheredBytes = 256 << 10;

    private byte[] _gathered = [];
    private int _length;

    /// <summary>Else each write goes out at once, as a handshake needs it.</summary>
    public bool IsGathering { get; set; }

    /// <summary>Waits until there is something to read, for asynchronous reads: they hold no thread meanwhile. Null: they block.</summary>
    public Func<Task>? Readable { get; set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer) => socket.Receive(buffer);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Readable is { } readable && !socket.Poll(0, SelectMode.SelectRead))
        {
            await readable().ConfigureAwait(false);
        }

        return buffer.IsEmpty ? 0 : Read(buffer.Span); // TLS asks for nothing where it only waits.
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!IsGathering)
        {
            SendAll(buffer);
            return;
        }

        if (_length + buffer.Length > _gathered.Length)
        {
            Flush();
            if (_gathered.Length == 0)
            {
                _gathered = new byte[GatheredBytes];
            }
        }

        if (buffer.Length > _gathered.Length)
        {
            SendAll(buffer);
            return;
        }

        buffer.CopyTo(_gathered.AsSpan(_length));
        _length += buffer.Length;
    }

    /// <summary>A handshake's few kilobytes find room in the socket.</summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        var length = _length;
        _length = 0;
        SendAll(_gathered.AsSpan(0, length));
    }

    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        Flush();
        return Task.CompletedTask;
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[socket.Send(bytes)..];
        }
    }
}
