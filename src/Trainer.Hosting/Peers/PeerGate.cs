using System.Buffers.Binary;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Logging;

namespace Trainer.Hosting.Peers;

/// <summary>Takes connections on a listening socket and lets in who shows a certificate of an expected role in time, or everybody where there are no certificates.</summary>
/// <remarks>
/// Who connects costs a socket until the time is up, and no thread before he has said what TLS begins with; so many may wait, and beyond that the oldest goes. For as long as
/// the handshake takes he has a thread, of which there are few: the rest wait. So strays, port scans and half handshakes neither exhaust the process nor fill its log.
/// </remarks>
public sealed class PeerGate : IDisposable
{
    private const int UsualWaiting = 256;
    private const int MaxRecord = 16 << 10;
    private const int RecordHeader = 5;
    private const byte Handshake = 22;
    private const int MostThreads = 32;
    private static readonly TimeSpan UsualWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    private readonly Socket _listening;
    private readonly ProcessCertificates? _certificates;
    private readonly IReadOnlyList<string> _roles;
    private readonly Action<Socket, PeerStream?> _admit;
    private readonly LineAMinute _strays;
    private readonly int _most;
    private readonly TimeSpan _within;
    private readonly Lock _lock = new();
    private readonly List<(Socket Socket, long Since)> _waiting = [];
    private bool _isWatching;
    private int _threads;
    private volatile bool _disposed;

    /// <param name="listening">Disposed with the gate.</param>
    /// <param name="place">For people.</param>
    /// <param name="certificates">Null: everybody is let in, with no stream.</param>
    /// <param name="admit">Called on a thread of the gate's; the peer is its own from then on. It ends within the time too; what it throws of <see cref="IOException"/> and <see cref="SocketException"/> refuses the peer.</param>
    /// <param name="most">That wait.</param>
    /// <param name="within">From the connection until the peer is let in; null: 5 s.</param>
    public PeerGate(
        Socket listening, string place, ProcessCertificates? certificates, IReadOnlyList<string> roles, Action<Socket, PeerStream?> admit, ILogger logger, int most = UsualWaiting, TimeSpan? within = null)
    {
        (_listening, _certificates, _roles, _admit, _most, _within) = (listening, certificates, roles, admit, most, within ?? UsualWithin);
        _strays = new LineAMinute((count, last) => logger.LogWarning("Connections to {Place} that came to nothing: {Count} since the last such line. The last one: {Reason}", place, count, last));
        StartThread("gate-accept", AcceptAll);
    }

    public void Dispose()
    {
        _disposed = true;
        _listening.Dispose();
        _strays.Dispose();
        lock (_lock)
        {
            _waiting.ForEach(waiting => waiting.Socket.Dispose());
            _waiting.Clear();
        }
    }

    private static void StartThread(string name, ThreadStart run) => new Thread(run) { IsBackground = true, Name = name }.Start();

    private void AcceptAll()
    {
        while (!_disposed)
        {
            try
            {
                Take(_listening.Accept());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (!_disposed)
                {
                    _strays.Note(e.Message);
                    Thread.Sleep(Glance); // No descriptors are left, say: what is wrong will be wrong for a while.
                }
            }
        }
    }

    private void Take(Socket socket)
    {
        Socket? oldest = null;
        lock (_lock)
        {
            if (_waiting.Count == _most)
            {
                oldest = _waiting[0].Socket;
                _waiting.RemoveAt(0);
            }

            _waiting.Add((socket, TimeProvider.System.GetTimestamp()));
            if (!_isWatching)
            {
                _isWatching = true;
                StartThread("gate-watch", Watch);
            }
        }

        Drop(oldest, $"more than {_most} wait to be let in");
    }

    /// <summary>Looks after those that wait, as long as there are any.</summary>
    private void Watch()
    {
        while (Look() is { } silent)
        {
            try
            {
                if (silent.Count == 0)
                {
                    Thread.Sleep(Glance); // Those that are there have said something, and have to say more, or wait for a thread.
                }
                else
                {
                    Socket.Select(silent, null, null, Glance);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // One of them is closed: it is found below.
            }
        }
    }

    /// <summary>Those that speak get a thread, those that are late go.</summary>
    /// <returns>Those that wait and have said nothing, or none where one has, which would be found again at once; null: nobody waits, and nobody watches any more.</returns>
    private List<Socket>? Look()
    {
        var (late, silent, begun) = (new List<Socket>(), new List<Socket>(), false);
        bool goesOn;
        lock (_lock)
        {
            for (var i = 0; i < _waiting.Count; i++)
            {
                var (socket, since) = _waiting[i];
                var left = _within - TimeProvider.System.GetElapsedTime(since);
                if (left <= TimeSpan.Zero)
                {
                    late.Add(socket);
                }
                else if (!Speaks(socket))
                {
                    silent.Add(socket);
                    continue;
                }
                else if (_threads < MostThreads && SaysEnough(socket))
                {
                    Interlocked.Increment(ref _threads);
                    StartThread("gate-handshake", () => LetIn(socket, left));
                }
                else
                {
                    begun = true;
                    continue;
                }

                _waiting.RemoveAt(i--);
            }

            goesOn = _isWatching = _waiting.Count > 0;
        }

        late.ForEach(socket => Drop(socket, $"it did not show who it is within {_within.TotalSeconds:0} s"));
        return !goesOn ? null : begun ? [] : silent;
    }

    /// <summary>Whether it has something to read, its end included.</summary>
    private static bool Speaks(Socket socket)
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return true; // Reading tells what is wrong with it.
        }
    }

    /// <summary>Whether the first record of a handshake is whole, or what came is none, which a handshake finds at once.</summary>
    private bool SaysEnough(Socket socket)
    {
        if (_certificates is null)
        {
            return true;
        }

        try
        {
            Span<byte> header = stackalloc byte[RecordHeader];
            var read = socket.Receive(header, SocketFlags.Peek);
            var length = BinaryPrimitives.ReadUInt16BigEndian(header[3..]);
            return read == 0 || header[0] != Handshake || (read == RecordHeader && (length > MaxRecord || socket.Available >= RecordHeader + length));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    private void LetIn(Socket socket, TimeSpan left)
    {
        PeerStream? stream = null;
        using var deadline = new Deadline(socket, left);
        try
        {
            stream = _certificates is null ? null : PeerStream.Accept(socket, _certificates, _roles);
            _admit(socket, stream);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            stream?.Dispose();
            Drop(socket, deadline.HasPassed ? $"the handshake took longer than {_within.TotalSeconds:0} s" : e.Message);
        }
        finally
        {
            Interlocked.Decrement(ref _threads);
        }
    }

    private void Drop(Socket? socket, string reason)
    {
        if (socket is not null)
        {
            socket.Dispose();
            if (!_disposed)
            {
                _strays.Note(reason);
            }
        }
    }
}
