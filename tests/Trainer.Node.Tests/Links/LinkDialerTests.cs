using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting;
using Trainer.Hosting.Cluster;
using Trainer.Node.Links;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Links;

public sealed class LinkDialerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly FrameHeader Header = new() { Kind = FrameKind.Hello, Job = 1, Generation = new GenerationNumber(1, 1), Rank = 0 };
    private static readonly Hello Ours = new("job", "our-life", [1, 2, 3]);

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-dial-").FullName;
    private readonly BlockingCollection<object> _results = [];
    private readonly BlockingCollection<LinkOffered> _offers = [];
    private readonly LinkRoutes _routes = new("here", certificates: null);

    public void Dispose()
    {
        _results.Dispose();
        _offers.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Both_ends_say_hello(bool unix)
    {
        using var listener = Listen(unix);
        using var dialer = Dial(MemberAt([.. listener.Endpoints.Select(endpoint => endpoint.ToString())]));
        var offer = Take(_offers);
        Assert.Equal((Ours.Job, Ours.Incarnation, Header), (offer.Hello.Job, offer.Hello.Incarnation, offer.Header with { PayloadLength = 0 }));
        Assert.True(offer.Hello.HasSecret([1, 2, 3]));
        Assert.False(offer.Hello.HasSecret([1, 2, 4]));
        offer.Connection.Write(Header with { Rank = 1 }, new Hello("job", "their-life", []).ToBytes());
        Assert.Equal(1, Assert.IsType<LinkDialed>(Take(_results)).Rank);
    }

    [Fact]
    public void A_peer_of_the_same_process_is_reached_through_memory_whatever_endpoints_it_names()
    {
        using var listener = Listen(unix: false);
        _routes.Add("their-life", listener);
        using var dialer = Dial(MemberAt(["tcp://192.0.2.1:1"]));
        var offer = Take(_offers);
        Assert.Equal((Ours.Incarnation, "memory"), (offer.Hello.Incarnation, offer.Connection.Description));
        offer.Connection.Write(Header with { Rank = 1 }, new Hello("job", "their-life", []).ToBytes());
        Assert.Equal("memory", Assert.IsType<LinkDialed>(Take(_results)).Connection.Description);
    }

    [Fact]
    public void Whoever_stops_dialing_within_the_process_leaves_nobody_waiting()
    {
        using var listener = Listen(unix: true);
        _routes.Add("their-life", listener);
        var dialer = Dial(MemberAt([]));
        var offer = Take(_offers);
        dialer.Dispose();
        Assert.Throws<IOException>(() => offer.Connection.Write(Header, new Hello("job", "their-life", []).ToBytes()));
        Assert.Null(offer.Connection.ReadHeader());
    }

    [Fact]
    public void An_endpoint_that_is_not_reachable_is_passed_over()
    {
        using var listener = Listen(unix: false);
        using var dialer = Dial(MemberAt(["unix:" + Path.Combine(_folder, "nobody"), .. listener.Endpoints.Select(endpoint => endpoint.ToString())]));
        Take(_offers).Connection.Write(Header, new Hello("job", "their-life", []).ToBytes());
        Assert.IsType<LinkDialed>(Take(_results));
    }

    [Fact]
    public void A_peer_that_listens_later_is_found()
    {
        var path = Path.Combine(_folder, "late.sock");
        using var dialer = Dial(MemberAt(["unix:" + path]));
        using var listener = new LinkListener([LinkEndpoint.Unix(path)], certificates: null, NullLogger.Instance);
        listener.Start(_offers.Add);
        Take(_offers).Connection.Write(Header, new Hello("job", "their-life", []).ToBytes());
        Assert.IsType<LinkDialed>(Take(_results));
    }

    [Theory]
    [InlineData("refuse", "link to worker-1: not today")]
    [InlineData("impostor", "link to worker-1: incarnation 'another-life' answers at ENDPOINT, expected 'their-life'")]
    public void A_refusal_is_final_and_says_why(string answer, string reason)
    {
        using var listener = Listen(unix: true);
        using var dialer = Dial(MemberAt([.. listener.Endpoints.Select(endpoint => endpoint.ToString())]));
        var offer = Take(_offers);
        if (answer == "refuse")
        {
            offer.Connection.Refuse(Header, "not today");
        }
        else
        {
            offer.Connection.Write(Header, new Hello("job", "another-life", []).ToBytes());
        }

        var expected = reason.Replace("ENDPOINT", listener.Endpoints.Single().ToString(), StringComparison.Ordinal);
        Assert.Equal(expected, Assert.IsType<LinkFailed>(Take(_results)).Reason);
    }

    [Fact]
    public void A_peer_of_another_protocol_is_refused_on_both_sides()
    {
        using var listener = Listen(unix: true);
        using var dialer = Dial(MemberAt([.. listener.Endpoints.Select(endpoint => endpoint.ToString())]));
        Take(_offers).Connection.Write(Header, (new Hello("job", "their-life", []) { Protocol = 9 }).ToBytes());
        var reason = $"the peer speaks version 9 of the cluster's protocol, and release {TrainerVersion.Current} version {ClusterProtocol.Version}: use one release for all processes of a cluster.";
        Assert.Equal("link to worker-1: " + reason, Assert.IsType<LinkFailed>(Take(_results)).Reason);

        using var old = LinkEndpoint.Parse(listener.Endpoints.Single().ToString()).Connect(_ => { }, LinkDialer.OpensWithin, certificates: null);
        old.Write(Header, [3, (byte)'j', (byte)'o', (byte)'b', 0, 0, 0, 0, 0]); // as release 0.1 began
        Assert.Equal(reason.Replace("version 9", "version 0", StringComparison.Ordinal), Assert.Throws<LinkRefusedException>(() => old.ReadHello()).Message);
        Assert.Empty(_offers);
    }

    [Fact]
    public void A_member_without_reachable_endpoints_is_an_error()
    {
        using var dialer = Dial(new Member { Worker = "worker-1", Host = "elsewhere", LinkEndpoints = { "unix:/a" } });
        Assert.Equal(
            "link to worker-1: it has no endpoint that can be reached from here (it has 1)", Assert.IsType<LinkFailed>(Take(_results)).Reason);
    }

    [Fact]
    public void A_peer_that_cannot_be_reached_is_told_of()
    {
        var path = Path.Combine(_folder, "nobody");
        using var dialer = Dial(MemberAt(["unix:" + path]));
        Assert.StartsWith($"link to worker-1: it could not be reached within 2 s (unix:{path}: ", Assert.IsType<LinkFailed>(Take(_results)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_connects_and_talks_nonsense_is_closed()
    {
        using var listener = Listen(unix: true);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(listener.Endpoints.Single().Path!));
        socket.Send(new byte[FrameHeader.Bytes]);
        socket.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        Assert.Equal(0, socket.Receive(new byte[1]));
        Assert.Empty(_offers);
    }

    private LinkListener Listen(bool unix)
    {
        var listener = new LinkListener(
            [unix ? LinkEndpoint.Unix(Path.Combine(_folder, "peer.sock")) : LinkEndpoint.Tcp("127.0.0.1", 0)], certificates: null, NullLogger.Instance);
        listener.Start(_offers.Add);
        return listener;
    }

    private LinkDialer Dial(Member peer) => new(rank: 1, peer, _routes, Header, Ours, _results.Add);

    private static Member MemberAt(IEnumerable<string> endpoints) =>
        new() { Worker = "worker-1", Incarnation = "their-life", Host = "here", LinkEndpoints = { endpoints } };

    private static T Take<T>(BlockingCollection<T> from) =>
        from.TryTake(out var item, Patience) ? item : throw new TimeoutException($"No {typeof(T).Name} came.");
}
