using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Peers;
using Trainer.Node.Links;

namespace Trainer.Node.Tests.Links;

/// <summary>Links over TCP in mutual TLS.</summary>
public sealed class SecureLinkTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly FrameHeader Header = new() { Kind = FrameKind.Total, Job = 1, Generation = new GenerationNumber(1, 1), Rank = 0 };

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-tls-").FullName;
    private readonly ProcessCertificates _node;
    private readonly ProcessCertificates _coordinator;

    public SecureLinkTests()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var authority = CertificateAuthority.Create(now, TimeSpan.FromDays(1));
        CertificateFolder.Write(_folder, authority, [], now, TimeSpan.FromDays(1), withKey: false);
        _node = Load(PeerRoles.Node);
        _coordinator = Load(PeerRoles.Coordinator);
    }

    public void Dispose()
    {
        _node.Dispose();
        _coordinator.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Frames_of_all_sizes_arrive_whole_and_in_order()
    {
        var (a, b) = Pair();
        var values = Enumerable.Range(0, 70_001).Select(i => (float)i).ToArray();
        foreach (var length in (int[])[0, 1, 1024, 32_744, 32_745, 65_536, 70_001])
        {
            var writing = new Thread(() => a.Write(Header with { Item = (ulong)length }, MemoryMarshal.AsBytes(values.AsSpan(0, length))));
            writing.Start();
            var header = b.ReadHeader()!.Value;
            Assert.Equal((ulong)length, header.Item);
            var read = new float[length];
            b.ReadPayload(MemoryMarshal.AsBytes(read.AsSpan()));
            Assert.Equal(values[..length], read);
            writing.Join();
        }

        Assert.Equal((a.BytesSent, (FrameHeader?)null), (b.BytesReceived, Ended(a, b)));
    }

    [Fact]
    public void Frames_cost_no_memory_once_both_ends_have_their_buffers()
    {
        const int Frames = 400;
        var (a, b) = Pair();
        var (sent, received) = (new float[65_536], new float[65_536]);
        var written = 0L;
        var writing = new Thread(() =>
        {
            for (var i = 0; i < 2 * Frames; i++)
            {
                written = i == Frames ? GC.GetAllocatedBytesForCurrentThread() : written;
                a.Write(Header, MemoryMarshal.AsBytes(sent.AsSpan()));
            }

            written = GC.GetAllocatedBytesForCurrentThread() - written;
        });
        writing.Start();
        var read = 0L;
        for (var i = 0; i < 2 * Frames; i++)
        {
            read = i == Frames ? GC.GetAllocatedBytesForCurrentThread() : read;
            Assert.True(b.ReadHeader().HasValue);
            b.ReadPayload(MemoryMarshal.AsBytes(received.AsSpan()));
        }

        read = GC.GetAllocatedBytesForCurrentThread() - read;
        writing.Join();
        a.Dispose();
        b.Dispose();
        Assert.InRange(written, 0, Frames * 64);
        Assert.InRange(read, 0, Frames * 64);
    }

    [Fact]
    public void A_link_is_taken_of_nodes_alone()
    {
        using var offers = new BlockingCollection<LinkOffered>();
        using var listener = new LinkListener([LinkEndpoint.Tcp("127.0.0.1", 0)], _node, NullLogger.Instance);
        listener.Start(offers.Add);
        var endpoint = listener.Endpoints.Single();
        var hello = Header with { Kind = FrameKind.Hello };

        using var coordinator = endpoint.Connect(_ => { }, Patience, _coordinator);
        Assert.True(Record.Exception(() => coordinator.ReadHello()) is IOException or SocketException);
        using var clear = endpoint.Connect(_ => { }, Patience, certificates: null);
        clear.Write(hello, new Hello("job", "life", []).ToBytes());
        Assert.True(Record.Exception(() => clear.ReadHello()) is IOException or SocketException);
        using var node = endpoint.Connect(_ => { }, Patience, _node);
        node.Write(hello, new Hello("job", "life", []).ToBytes());
        Assert.True(offers.TryTake(out var offer, Patience));
        offer.Connection.Refuse(offer.Header, "not today");
        Assert.Equal("not today", Assert.Throws<LinkRefusedException>(() => node.ReadHello()).Message);
        Assert.Empty(offers);
    }

    private static FrameHeader? Ended(LinkConnection a, LinkConnection b)
    {
        a.Dispose();
        return b.ReadHeader();
    }

    private ProcessCertificates Load(string role) => ProcessCertificates.Load(CertificateFolder.FilesOf(_folder, role), role, NullLogger.Instance);

    private (LinkConnection A, LinkConnection B) Pair()
    {
        var (a, b) = Sockets.RawPair(unix: false);
        PeerStream? taken = null;
        var taking = new Thread(() => taken = PeerStream.Accept(b, _node, [PeerRoles.Node]));
        taking.Start();
        var dialed = PeerStream.Dial(a, _node, [PeerRoles.Node]);
        taking.Join();
        return (new LinkConnection(a, "a", dialed), new LinkConnection(b, "b", taken));
    }
}
