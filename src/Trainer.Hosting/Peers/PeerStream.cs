using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Trainer.Hosting.Certificates;

namespace Trainer.Hosting.Peers;

/// <summary>What is said to a peer over a socket, in TLS: both ends have shown a certificate of the cluster's authority and of an expected role.</summary>
public sealed class PeerStream : IDisposable
{
    // A record holds 16 KiB; more of them at once make fewer calls.
    private const int StagedBytes = 128 << 10;

    private readonly SocketStream _socket;
    private readonly SslStream _tls;
    private readonly byte[] _outgoing = new byte[StagedBytes];
    private readonly byte[] _incoming = new byte[StagedBytes];
    private int _read;
    private int _arrived;

    private PeerStream(SocketStream socket, SslStream tls)
    {
        (_socket, _tls) = (socket, tls);
        socket.IsGathering = true;
    }

    /// <summary>What the peer is, as its certificate says.</summary>
    public string? Role => _tls.RemoteCertificate is X509Certificate2 shown ? PeerRoles.Of(shown) : null;

    /// <summary><see cref="Accept"/>, without a thread while nothing is there to be read. Whoever disposes the socket ends it.</summary>
    /// <param name="readable">Waits until the socket has something to read, or is disposed.</param>
    /// <exception cref="IOException">The peer is not let in, or did not come to it.</exception>
    public static async Task<PeerStream> AcceptAsync(Socket socket, ProcessCertificates certificates, IReadOnlyList<string> roles, Func<Task> readable)
    {
        var refusal = "";
        var inner = new SocketStream(socket) { Readable = readable };
        var tls = new SslStream(inner);
        try
        {
            await tls.AuthenticateAsServerAsync(certificates.ForMembers(roles, reason => refusal = reason)).ConfigureAwait(false);
            inner.Readable = null;
            return new PeerStream(inner, tls);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw Refuse(tls, refusal, e);
        }
    }

    /// <summary>Takes a peer's connection. Blocks; whoever disposes the socket ends it.</summary>
    /// <exception cref="IOException">The peer is not let in, or did not come to it.</exception>
    public static PeerStream Accept(Socket socket, ProcessCertificates certificates, IReadOnlyList<string> roles) =>
        Open(new SocketStream(socket), (tls, refused) => tls.AuthenticateAsServer(certificates.ForMembers(roles, refused)));

    /// <summary>Connects to a peer. Blocks; whoever disposes the socket ends it. A peer that does not let us in says so when it is read from.</summary>
    /// <exception cref="IOException">The peer is not whom it should be, or did not come to it.</exception>
    public static PeerStream Dial(Socket socket, ProcessCertificates certificates, IReadOnlyList<string> roles) =>
        Open(new SocketStream(socket), (tls, refused) => tls.AuthenticateAsClient(certificates.ToMember(roles, refused)));

    /// <summary>Some bytes, as soon as there are any; 0 at the end.</summary>
    public int Read(Span<byte> into)
    {
        if (_read == _arrived)
        {
            (_read, _arrived) = (0, _tls.Read(_incoming, 0, _incoming.Length));
        }

        var length = Math.Min(into.Length, _arrived - _read);
        _incoming.AsSpan(_read, length).CopyTo(into);
        _read += length;
        return length;
    }

    /// <summary>Both pieces, one behind the other; they are on their way when it returns.</summary>
    public void Write(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        header.CopyTo(_outgoing);
        var length = header.Length;
        do
        {
            var piece = payload[..Math.Min(payload.Length, _outgoing.Length - length)];
            piece.CopyTo(_outgoing.AsSpan(length));
            _tls.Write(_outgoing, 0, length + piece.Length);
            payload = payload[piece.Length..];
            length = 0;
        }
        while (payload.Length > 0);
        _socket.Flush();
    }

    public void Dispose() => _tls.Dispose();

    private static PeerStream Open(SocketStream inner, Action<SslStream, Action<string>> authenticate)
    {
        var refusal = "";
        var tls = new SslStream(inner);
        try
        {
            authenticate(tls, reason => refusal = reason);
            return new PeerStream(inner, tls);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw Refuse(tls, refusal, e);
        }
    }

    // Whatever a stranger sends, it is his connection that ends.
    private static IOException Refuse(SslStream tls, string refusal, Exception e)
    {
        tls.Dispose();
        return new IOException(refusal.Length > 0 ? refusal : $"no handshake ({e.Message})", e);
    }
}
