using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Trainer.Hosting.Limits;
using Trainer.Node.Links;

namespace Trainer.Node.Tests.Links;

/// <summary>Strangers on a link port: they cost neither threads nor log lines, and keep no peer out.</summary>
public sealed class LinkListenerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly FrameHeader Header = new() { Kind = FrameKind.Hello, Job = 1, Generation = new GenerationNumber(1, 1), Rank = 0 };

    private readonly BlockingCollection<LinkOffered> _offers = [];
    private readonly Lines _lines = new();
    private readonly List<Socket> _strangers = [];

    public void Dispose()
    {
        _strangers.ForEach(stranger => stranger.Dispose());
        _offers.Dispose();
    }

    [Fact]
    public void Silent_connections_cost_no_threads_and_keep_no_peer_out()
    {
        using var listener = Listen("hellos=17");
        var threads = Process.GetCurrentProcess().Threads.Count;
        for (var i = 0; i < 101; i++)
        {
            Connect(listener);
        }

        Assert.Equal("their-life", Greet(listener).Hello.Incarnation);
        Assert.True(Process.GetCurrentProcess().Threads.Count < threads + 20);
        Assert.Equal(0, Receive(_strangers[0])); // The one that was silent for longest had to go.
        Assert.StartsWith("Connections that did not become links: 1 since the last such line. The last one: tcp://", Assert.Single(_lines.Written), StringComparison.Ordinal);
        Assert.EndsWith("more than 17 have not said Hello (--limit hellos=N)", _lines.Written.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_sends_a_byte_now_and_then_is_closed_in_time()
    {
        using var listener = Listen("hello-seconds=1");
        var (stranger, hello) = (Connect(listener), Bytes());
        stranger.SendTimeout = (int)Patience.TotalMilliseconds;
        stranger.Send(hello.AsSpan(0, 1));
        stranger.Send(hello.AsSpan(1, FrameHeader.Bytes));
        Assert.Equal(0, Receive(stranger));
        Assert.EndsWith("it did not say Hello within 1 s (--limit hello-seconds=N)", Assert.Single(_lines.Written), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hello_in_pieces_is_a_hello()
    {
        using var listener = Listen("hello-seconds=30");
        var (peer, hello) = (Connect(listener), Bytes());
        foreach (var one in hello)
        {
            peer.Send([one]);
        }

        Assert.True(_offers.TryTake(out var offer, Patience));
        Assert.Equal("their-life", offer.Hello.Incarnation);
        offer.Connection.Dispose();
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: worker\r\nUser-Agent: somebody-who-scans-ports\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n", "magic")]
    [InlineData("", "the peer closed the link before it said Hello")]
    public void Whoever_is_no_peer_is_closed_at_once_without_a_line_each(string says, string reason)
    {
        using var listener = Listen("hello-seconds=3600");
        for (var i = 0; i < 29; i++)
        {
            var stranger = Connect(listener);
            if (says.Length > 0)
            {
                stranger.Send(System.Text.Encoding.ASCII.GetBytes(says));
            }
            else
            {
                stranger.Shutdown(SocketShutdown.Send);
            }

            Assert.Equal(0, Receive(stranger));
        }

        Assert.Contains(reason, Assert.Single(_lines.Written), StringComparison.Ordinal);
    }

    private static byte[] Bytes()
    {
        var payload = new Hello("job", "their-life", [1, 2, 3]).ToBytes();
        var bytes = new byte[FrameHeader.Bytes + payload.Length];
        (Header with { PayloadLength = payload.Length }).Write(bytes);
        payload.CopyTo(bytes, FrameHeader.Bytes);
        return bytes;
    }

    // A reset is an end as well: what was sent had not all been read.
    private static int Receive(Socket stranger)
    {
        stranger.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        try
        {
            return stranger.Receive(new byte[1]);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }

    private LinkOffered Greet(LinkListener listener)
    {
        Connect(listener).Send(Bytes());
        Assert.True(_offers.TryTake(out var offer, Patience));
        offer.Connection.Dispose();
        return offer;
    }

    private Socket Connect(LinkListener listener)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        _strangers.Add(socket);
        socket.Connect(new IPEndPoint(IPAddress.Loopback, listener.Endpoints.Single().Port));
        return socket;
    }

    private LinkListener Listen(string limit)
    {
        var listener = new LinkListener([LinkEndpoint.Tcp("127.0.0.1", 0)], certificates: null, _lines, ProcessLimits.Parse([limit], ProcessLimits.OfNodes));
        listener.Start(_offers.Add);
        return listener;
    }

    private sealed class Lines : ILogger
    {
        private readonly ConcurrentQueue<string> _written = new();

        public IReadOnlyCollection<string> Written => _written;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _written.Enqueue(formatter(state, exception));
    }
}
