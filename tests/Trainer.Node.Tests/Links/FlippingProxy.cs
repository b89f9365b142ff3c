using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Trainer.Node.Links;

namespace Trainer.Node.Tests.Links;

/// <summary>A network between a worker's listener and those who dial it, which once changes a bit of a frame's payload.</summary>
internal sealed class FlippingProxy : IDisposable
{
    private const int KindOffset = 6;
    private const int LengthOffset = 68;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<Socket> _sockets = [];
    private readonly IPEndPoint _target;
    private readonly FrameKind _kind;
    private int _left;

    /// <param name="target">tcp://host:port</param>
    /// <param name="kind">Of the frame that is changed.</param>
    /// <param name="count">Which of these that have a payload, in either direction.</param>
    public FlippingProxy(string target, FrameKind kind, int count)
    {
        (_target, _kind, _left) = (IPEndPoint.Parse(target.Split("//")[1]), kind, count);
        _listener.Start();
        Begin(Accept);
    }

    /// <summary>To be dialled instead.</summary>
    public string Endpoint => $"tcp://{_listener.LocalEndpoint}";

    /// <summary>The bit was changed.</summary>
    public bool HasFlipped => Volatile.Read(ref _left) <= 0;

    public void Dispose()
    {
        _listener.Dispose();
        lock (_sockets)
        {
            _sockets.ForEach(socket => socket.Dispose());
        }
    }

    private static void Begin(Action work) => new Thread(() =>
    {
        try
        {
            work();
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // An end has closed.
        }
    })
    { IsBackground = true }.Start();

    private void Accept()
    {
        while (true)
        {
            var dialler = _listener.AcceptSocket();
            var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
            lock (_sockets)
            {
                _sockets.AddRange([dialler, listener]);
            }

            listener.Connect(_target);
            Begin(() => Carry(dialler, listener));
            Begin(() => Carry(listener, dialler));
        }
    }

    private void Carry(Socket from, Socket to)
    {
        try
        {
            using var reading = new NetworkStream(from);
            using var writing = new NetworkStream(to);
            var header = new byte[FrameHeader.Bytes];
            while (true)
            {
                reading.ReadExactly(header);
                var payload = new byte[BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(LengthOffset))];
                reading.ReadExactly(payload);
                if (BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(KindOffset)) == (ushort)_kind && payload.Length > 0 && Interlocked.Decrement(ref _left) == 0)
                {
                    payload[payload.Length / 2] ^= 4;
                }

                writing.Write(header);
                writing.Write(payload);
            }
        }
        finally
        {
            from.Dispose();
            to.Dispose();
        }
    }
}
