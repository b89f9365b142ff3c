using System.Buffers.Binary;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Remote.Transport;
using Google.Protobuf;
using Trainer.Hosting.Peers;

namespace Trainer.Hosting.Cluster;

/// <summary>A connection to a peer's actor system: one thread reads, another writes what waits. A frame is its length (4 bytes, little-endian) and its bytes.</summary>
internal sealed class PeerAssociation : AssociationHandle
{
    /// <summary>So much may wait to be written; beyond that Akka is told to wait.</summary>
    private const int MostWaiting = 32 << 20;

    /// <summary>A peer that takes nothing for so long is given up: the cluster has done so long before.</summary>
    private static readonly TimeSpan WriteWithin = TimeSpan.FromSeconds(30);

    private readonly Socket _socket;
    private readonly PeerStream? _stream;
    private readonly int _maxFrame;
    private readonly Action<byte[]>? _begins;
    private readonly byte[] _outgoing = new byte[sizeof(int)];
    private readonly byte[] _incoming = new byte[sizeof(int)];
    private readonly Queue<ByteString> _waiting = new();
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action<PeerAssociation> _ended = _ => { };
    private long _waitingBytes;
    private bool _isClosed;

    /// <param name="stream">Null: the socket is spoken over in clear.</param>
    /// <param name="maxFrame">Bytes.</param>
    /// <param name="begins">Given the first frame that arrives; what it throws of <see cref="IOException"/> ends the connection.</param>
    public PeerAssociation(Address local, Address remote, Socket socket, PeerStream? stream, int maxFrame, Action<byte[]>? begins = null)
        : base(local, remote)
    {
        (_socket, _stream, _maxFrame, _begins) = (socket, stream, maxFrame, begins);
        (socket.NoDelay, socket.SendTimeout, socket.ReceiveTimeout) = (true, (int)WriteWithin.TotalMilliseconds, 0);
    }

    /// <summary>Ends when nothing is written any more.</summary>
    public Task Written => _written.Task;

    /// <param name="ended">Told once, when the connection is closed.</param>
    public void Start(Action<PeerAssociation> ended)
    {
        _ended = ended;
        new Thread(WriteAll) { IsBackground = true, Name = "cluster-write" }.Start();
        _ = ReadHandlerSource.Task.ContinueWith(
            handler => new Thread(() => ReadAll(handler.GetAwaiter().GetResult())) { IsBackground = true, Name = "cluster-read" }.Start(),
            CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    public override bool Write(ByteString payload)
    {
        lock (_waiting)
        {
            if (_isClosed || _waitingBytes > MostWaiting)
            {
                return false;
            }

            _waiting.Enqueue(payload);
            _waitingBytes += payload.Length;
            Monitor.Pulse(_waiting);
            return true;
        }
    }

    /// <summary>What waits is written still, then the connection ends.</summary>
    public void Close()
    {
        lock (_waiting)
        {
            _isClosed = true;
            Monitor.Pulse(_waiting);
        }
    }

    /// <summary>Ends the connection now.</summary>
    public void Break()
    {
        Close();
        try
        {
            _socket.Shutdown(SocketShutdown.Both); // Wakes whoever reads or writes.
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Not connected any more.
        }

        _socket.Dispose();
        _stream?.Dispose();
    }

    [Obsolete("Akka's own; it calls this one.")]
    public override void Disassociate() => Close();

    private void WriteAll()
    {
        try
        {
            while (Next() is { } payload)
            {
                BinaryPrimitives.WriteInt32LittleEndian(_outgoing, payload.Length);
                if (_stream is not null)
                {
                    _stream.Write(_outgoing, payload.Span);
                }
                else
                {
                    SendAll(_outgoing);
                    SendAll(payload.Span);
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The reader finds the same, and tells.
        }
        finally
        {
            Break();
            _written.SetResult();
            _ended(this);
        }
    }

    /// <returns>Null: closed, and nothing waits.</returns>
    private ByteString? Next()
    {
        lock (_waiting)
        {
            while (_waiting.Count == 0 && !_isClosed)
            {
                Monitor.Wait(_waiting);
            }

            if (!_waiting.TryDequeue(out var payload))
            {
                return null;
            }

            _waitingBytes -= payload.Length;
            return payload;
        }
    }

    private void ReadAll(IHandleEventListener listener)
    {
        try
        {
            var begins = _begins;
            while (ReadAll(_incoming) && BinaryPrimitives.ReadInt32LittleEndian(_incoming) is var length && length >= 0 && length <= _maxFrame)
            {
                var payload = new byte[length];
                if (!ReadAll(payload))
                {
                    break;
                }

                begins?.Invoke(payload);
                begins = null;
                listener.Notify(new InboundPayload(UnsafeByteOperations.UnsafeWrap(payload)));
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The connection broke, which is what is told.
        }
        finally
        {
            Break();
            listener.Notify(new Disassociated(DisassociateInfo.Unknown));
        }
    }

    /// <summary>False where the stream ends.</summary>
    private bool ReadAll(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var read = _stream is not null ? _stream.Read(bytes) : _socket.Receive(bytes);
            if (read == 0)
            {
                return false;
            }

            bytes = bytes[read..];
        }

        return true;
    }

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }
}
