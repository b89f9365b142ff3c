using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Peers;
using Trainer.Hosting.Tests.Certificates;

namespace Trainer.Hosting.Tests.Peers;

/// <summary>Who is let in, and what all others cost.</summary>
public sealed class PeerGateTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TestCertificates _certificates = new();
    private readonly BlockingCollection<(Socket Socket, PeerStream? Stream)> _admitted = [];
    private readonly BlockingCollection<string> _told = [];
    private readonly PeerGate _gate;
    private readonly EndPoint _place;

    public PeerGateTests()
    {
        var listening = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen();
        _place = listening.LocalEndPoint!;
        _gate = new PeerGate(listening, "here", _certificates.Load(PeerRoles.Node), [PeerRoles.Node], (socket, stream) => _admitted.Add((socket, stream)), new Lines(_told));
    }

    public void Dispose()
    {
        _gate.Dispose();
        _certificates.Dispose();
        _admitted.Dispose();
        _told.Dispose();
    }

    [Fact]
    public void Who_belongs_is_let_in_and_both_read_what_the_other_writes()
    {
        using var socket = Connect();
        using var ours = PeerStream.Dial(socket, _certificates.Load(PeerRoles.Node), [PeerRoles.Node]);
        var (theirSocket, theirs) = Take(_admitted);
        var payload = new byte[1_000_003];
        new Random(7).NextBytes(payload);

        var writing = new Thread(() => ours.Write([1, 2, 3], payload));
        writing.Start();
        Assert.Equal([1, 2, 3, .. payload], Read(theirs!, 3 + payload.Length));
        writing.Join();
        theirs!.Write([4], []);
        Assert.Equal([4], Read(ours, 1));
        theirs.Dispose();
        theirSocket.Dispose();
    }

    [Theory]
    [InlineData("expired", "its certificate has expired, or is not valid yet")]
    [InlineData("foreign", "its certificate is of another authority")]
    [InlineData("coordinator", "its certificate says that it is a coordinator; expected a node")]
    [InlineData("none", "it shows no certificate")]
    [InlineData("garbage", "no handshake")]
    [InlineData("silence", "it did not show who it is within 5 s")]
    [InlineData("half", "it did not show who it is within 5 s")]
    public void Who_does_not_belong_is_told_of_once_and_stops_nobody(string who, string reason)
    {
        using var socket = Connect();
        Behave(who, socket);

        Assert.StartsWith($"Connections to here that came to nothing: 1 since the last such line. The last one: {reason}", Take(_told));
        socket.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        Assert.True(IsClosed(socket));
        using var second = Connect();
        second.Send("GET / HTTP/1.1\r\n\r\n"u8);
        second.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        Assert.True(IsClosed(second));
        Assert.Empty(_told);
        Assert.Empty(_admitted);
        using var third = Connect();
        using var belongs = PeerStream.Dial(third, _certificates.Load(PeerRoles.Node), [PeerRoles.Node]);
        Take(_admitted).Socket.Dispose();
    }

    [Fact]
    public void Five_hundred_silent_connections_cost_no_thread_and_keep_nobody_out()
    {
        var before = System.Diagnostics.Process.GetCurrentProcess().Threads.Count;
        var silent = Enumerable.Range(0, 500).Select(_ => Connect()).ToList();

        using var socket = Connect();
        using var belongs = PeerStream.Dial(socket, _certificates.Load(PeerRoles.Node), [PeerRoles.Node]);
        Take(_admitted).Socket.Dispose();

        Assert.InRange(System.Diagnostics.Process.GetCurrentProcess().Threads.Count - before, int.MinValue, 50);
        silent.ForEach(stray => stray.Dispose());
    }

    /// <summary>More than the gate has threads; each has said all that TLS begins with.</summary>
    [Fact]
    public async Task Half_handshakes_hold_no_thread_and_keep_nobody_out()
    {
        var hello = await ClientHelloAsync();
        var threads = System.Diagnostics.Process.GetCurrentProcess().Threads.Count;
        var half = Enumerable.Range(0, 97).Select(_ => Connect()).ToList();
        half.ForEach(stray => stray.Send(hello));
        half.ForEach(stray => Assert.True(stray.Receive(new byte[1]) > 0)); // The gate has answered, and waits for the rest.

        using var socket = Connect();
        using var belongs = PeerStream.Dial(socket, _certificates.Load(PeerRoles.Node), [PeerRoles.Node]);
        Take(_admitted).Socket.Dispose();

        Assert.InRange(System.Diagnostics.Process.GetCurrentProcess().Threads.Count - threads, int.MinValue, 50);
        half.ForEach(stray => stray.Dispose());
    }

    [Fact]
    public void Where_too_many_wait_the_oldest_of_the_address_with_the_most_goes()
    {
        using var listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen();
        using var gate = new PeerGate(listening, "there", _certificates.Load(PeerRoles.Node), [PeerRoles.Node], (_, _) => { }, new Lines(_told), most: 3);
        using var first = From("127.0.0.2", listening.LocalEndPoint!);
        var others = Enumerable.Range(0, 3).Select(_ => From("127.0.0.3", listening.LocalEndPoint!)).ToList();
        others[0].ReceiveTimeout = (int)Patience.TotalMilliseconds;

        Assert.True(IsClosed(others[0]));
        Assert.StartsWith("Connections to there that came to nothing: 1 since the last such line. The last one: more than 3 wait to be let in", Take(_told));
        Assert.False(first.Poll(0, SelectMode.SelectRead));
        others.ForEach(other => other.Dispose());
    }

    private static Socket From(string address, EndPoint to)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        socket.Connect(to);
        return socket;
    }

    /// <summary>The first thing that a client says.</summary>
    private static async Task<byte[]> ClientHelloAsync()
    {
        using var listening = new TcpListener(IPAddress.Loopback, 0);
        listening.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listening.LocalEndpoint);
        using var accepted = await listening.AcceptTcpClientAsync();
        await using var tls = new SslStream(client.GetStream());
        var handshake = tls.AuthenticateAsClientAsync("here");
        var hello = new byte[4096];
        var length = await accepted.GetStream().ReadAsync(hello);
        accepted.Close();
        await Assert.ThrowsAnyAsync<Exception>(() => handshake);
        return hello[..length];
    }

    private void Behave(string who, Socket socket)
    {
        using var foreign = TestCertificates.NewAuthority();
        switch (who)
        {
            case "expired":
                Dial(socket, _certificates.Authority, PeerRoles.Node, age: TimeSpan.FromDays(2));
                break;
            case "foreign":
                Dial(socket, foreign, PeerRoles.Node);
                break;
            case "coordinator":
                Dial(socket, _certificates.Authority, PeerRoles.Coordinator);
                break;
            case "none":
                using (var tls = new SslStream(new NetworkStream(socket), leaveInnerStreamOpen: true, (_, _, _, _) => true))
                {
                    tls.AuthenticateAsClient("here");
                    Assert.True(IsEnd(() => tls.Read(new byte[1], 0, 1)));
                }

                break;
            case "garbage":
                socket.Send(new byte[1000]);
                break;
            case "half":
                socket.Send([0x16, 3, 1, 2, 0, 1]); // A record of TLS that says that 512 bytes follow.
                break;
        }
    }

    /// <summary>With other files, trusting the gate's authority.</summary>
    private void Dial(Socket socket, CertificateAuthority issuer, string role, TimeSpan age = default)
    {
        using var others = new TestCertificates();
        others.Write(issuer, age);
        others.Trust(_certificates.Authority);
        var certificates = others.Load(role);
        Assert.True(IsEnd(() => PeerStream.Dial(socket, certificates, PeerRoles.Members).Read(new byte[1])));
    }

    private Socket Connect()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(_place);
        return socket;
    }

    private static bool IsClosed(Socket socket)
    {
        try
        {
            var buffer = new byte[1024];
            while (socket.Receive(buffer) > 0)
            {
                // An alert, which says why.
            }

            return true;
        }
        catch (SocketException reset)
        {
            return reset.SocketErrorCode == SocketError.ConnectionReset;
        }
    }

    /// <summary>Who is not let in hears it behind the handshake, or finds the connection closed.</summary>
    private static bool IsEnd(Func<int> read)
    {
        try
        {
            return read() == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static byte[] Read(PeerStream from, int length)
    {
        var (bytes, read) = (new byte[length], 0);
        while (read < length)
        {
            var some = from.Read(bytes.AsSpan(read));
            Assert.NotEqual(0, some);
            read += some;
        }

        return bytes;
    }

    private static T Take<T>(BlockingCollection<T> from) => from.TryTake(out var item, Patience) ? item : throw new TimeoutException($"No {typeof(T).Name} came.");

    private sealed class Lines(BlockingCollection<string> told) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => told.Add(formatter(state, exception));
    }
}
