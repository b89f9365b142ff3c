using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Logging;

namespace Trainer.Hosting.Peers;

/// <summary>Takes connections on a listening socket and lets in who shows a certificate of an expected role in time, or everybody where there are no certificates.</summary>
/// <remarks>
/// Who connects costs a socket until the time is up, and no thread: one looks after all that have not shown who they are, and a handshake goes on whenever something of it arrives. So many may wait; beyond that
/// the oldest of the address that has the most of them goes, so that nobody keeps others out. Those that are let in have one of a few threads for the rest of their time. So strays, port scans and half
/// handshakes neither exhaust the process nor fill its log.
/// </remarks>
public sealed class PeerGate : IDisposable
{
    private const int UsualWaiting = 256;
    private const int MostThreads = 32;
    private static readonly TimeSpan UsualWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(5);

    private readonly Socket _listening;
    private readonly ProcessCertificates? _certificates;
    private readonly IReadOnlyList<string> _roles;
    private readonly Action<Socket, PeerStream?> _admit;
    private readonly LineAMinute _strays;
    private readonly int _most;
    private readonly TimeSpan _within;
    private readonly Lock _lock = new();
    private readonly List<Newcomer> _waiting = [];
    private readonly SemaphoreSlim _threads = new(MostThreads);
    private bool _isWatching;
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
            _waiting.ForEach(newcomer => newcomer.Close());
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
        var newcomer = new Newcomer(socket);
        Newcomer? goes = null;
        lock (_lock)
        {
            _waiting.Add(newcomer);
            if (_waiting.Count > _most)
            {
                goes = _waiting.GroupBy(one => one.Address).MaxBy(group => group.Count())!.First();
                _waiting.Remove(goes);
            }

            if (!_isWatching)
            {
                _isWatching = true;
                StartThread("gate-watch", Watch);
            }
        }

        Close(goes, $"more than {_most} wait to be let in");
        _ = LetInAsync(newcomer);
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
                    Thread.Sleep(Glance); // What those that are there have said is being read, or they wait for a thread.
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

    /// <summary>Handshakes of those that have spoken go on, those that are late go.</summary>
    /// <returns>Those whose word is awaited; null: nobody waits, and nobody watches any more.</returns>
    private List<Socket>? Look()
    {
        List<Newcomer> late;
        List<Socket>? silent;
        lock (_lock)
        {
            late = _waiting.FindAll(newcomer => newcomer.Waited >= _within);
            _waiting.RemoveAll(late.Contains);
            _isWatching = _waiting.Count > 0;
            silent = _isWatching ? [.. _waiting.Where(newcomer => newcomer.IsAwaited && !newcomer.GoOn()).Select(newcomer => newcomer.Socket)] : null;
        }

        late.ForEach(newcomer => Close(newcomer, $"it did not show who it is within {_within.TotalSeconds:0} s"));
        return silent;
    }

    private async Task LetInAsync(Newcomer newcomer)
    {
        PeerStream? stream = null;
        try
        {
            if (_certificates is null)
            {
                await newcomer.ReadableAsync().ConfigureAwait(false);
            }
            else
            {
                stream = await PeerStream.AcceptAsync(newcomer.Socket, _certificates, _roles, newcomer.ReadableAsync).ConfigureAwait(false);
            }

            await _threads.WaitAsync().ConfigureAwait(false);
            StartThread("gate-admit", () => Admit(newcomer, stream));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            stream?.Dispose();
            Close(Forget(newcomer) ? newcomer : null, e.Message);
        }
    }

    private void Admit(Newcomer newcomer, PeerStream? stream)
    {
        try
        {
            if (Forget(newcomer))
            {
                Admit(newcomer.Socket, stream, _within - newcomer.Waited);
            }
            else
            {
                stream?.Dispose(); // It was late, or had to go.
            }
        }
        finally
        {
            _threads.Release();
        }
    }

    private void Admit(Socket socket, PeerStream? stream, TimeSpan left)
    {
        using var deadline = new Deadline(socket, left > TimeSpan.Zero ? left : TimeSpan.Zero);
        try
        {
            _admit(socket, stream);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            stream?.Dispose();
            socket.Dispose();
            Note(deadline.HasPassed ? $"it did not say what it wants within {_within.TotalSeconds:0} s" : e.Message);
        }
    }

    /// <summary>Whether it waited until now.</summary>
    private bool Forget(Newcomer newcomer)
    {
        lock (_lock)
        {
            return _waiting.Remove(newcomer);
        }
    }

    private void Close(Newcomer? newcomer, string reason)
    {
        if (newcomer is not null)
        {
            newcomer.Close();
            Note(reason);
        }
    }

    private void Note(string reason)
    {
        if (!_disposed)
        {
            _strays.Note(reason);
        }
    }

    /// <summary>Who has connected and is not let in yet.</summary>
    private sealed class Newcomer(Socket socket)
    {
        private readonly long _since = TimeProvider.System.GetTimestamp();
        private volatile TaskCompletionSource? _word;

        public Socket Socket => socket;

        /// <summary>Where it comes from; one for all of this machine's sockets.</summary>
        public string Address { get; } = AddressOf(socket);

        public TimeSpan Waited => TimeProvider.System.GetElapsedTime(_since);

        /// <summary>Whether its handshake waits for something to read.</summary>
        public bool IsAwaited => _word is not null;

        /// <summary>Until it has something to read, its end included, or is closed.</summary>
        public Task ReadableAsync()
        {
            var word = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _word = word;
            return word.Task;
        }

        /// <summary>Where there is something to read, its handshake goes on. False: not yet.</summary>
        public bool GoOn()
        {
            if (!Speaks())
            {
                return false;
            }

            var word = _word;
            _word = null;
            word?.TrySetResult();
            return true;
        }

        public void Close()
        {
            socket.Dispose();
            _word?.TrySetResult(); // Reading tells that it is closed.
        }

        private bool Speaks()
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

        private static string AddressOf(Socket socket)
        {
            try
            {
                return socket.RemoteEndPoint is IPEndPoint ip ? ip.Address.ToString() : "";
            }
            catch (SocketException)
            {
                return ""; // It has gone already.
            }
        }
    }
}
