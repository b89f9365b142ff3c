using System.Threading.Channels;
using Akka.Actor;
using Trainer.Node.Links;

namespace Trainer.Node.Tests.Links;

public sealed class PeerLinkTests : IAsyncDisposable
{
    private const ulong Job = 77;
    private static readonly GenerationNumber Generation = new(2, 3);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ActorSystem _system = TrainingSystem.Create();
    private readonly LeasePool _pool = new();
    private readonly Channel<object> _heard = Channel.CreateUnbounded<object>();

    public async ValueTask DisposeAsync()
    {
        await _system.Terminate();
        _pool.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Frames_arrive_whole_and_in_order(bool unix)
    {
        var (link, far) = Open(unix);
        var payload = Enumerable.Range(0, 70_001).Select(i => (float)i).ToArray();
        foreach (var (step, length) in new[] { (1UL, 0), (2UL, 1), (3UL, 1024), (4UL, 1025), (5UL, 70_001) })
        {
            far.Write(Frame(FrameKind.Contribution, rank: 1) with { Item = step }, System.Runtime.InteropServices.MemoryMarshal.AsBytes(payload.AsSpan(0, length)));
            var arrived = await HearAsync<FrameArrived>();
            Assert.Equal(step, arrived.Header.Item);
            Assert.Equal(payload[..length], arrived.Payload.GetSpan().ToArray());
            arrived.Payload.Release();
        }

        _ = link;
        Assert.Equal(0, _pool.Lent);
    }

    [Fact]
    public async Task A_total_is_read_into_its_place_and_one_without_a_place_into_a_lease()
    {
        var (_, far) = Open(unix: true);
        far.Write(Frame(FrameKind.Total, rank: 1) with { Chunk = Places.Chunk }, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(new float[] { 1, 2, 3 }));
        far.Write(Frame(FrameKind.Contribution, rank: 1) with { Chunk = Places.Chunk }, new byte[4]);
        far.Write(Frame(FrameKind.Total, rank: 1) with { Generation = new GenerationNumber(2, 2), Chunk = Places.Chunk }, new byte[12]);
        far.Write(Frame(FrameKind.Total, rank: 1), new byte[8]);
        Assert.Equal((Places.Chunk, 6UL), ((await HearAsync<TotalPlaced>()) is var placed ? (placed.Header.Chunk, placed.Hash) : default));
        Assert.Equal((FrameKind.Contribution, 4), (await HearAsync<FrameArrived>()) is var contribution ? (contribution.Header.Kind, contribution.Payload.Length) : default);
        Assert.Equal((FrameKind.Total, 8), (await HearAsync<FrameArrived>()) is var total ? (total.Header.Kind, total.Payload.Length) : default);
    }

    [Fact]
    public async Task Contributions_wait_for_credit_and_totals_do_not()
    {
        var (link, far) = Open(unix: true);
        var quarter = new float[PeerLink.CreditWindow / 4 / sizeof(float)];
        for (var step = 1UL; step <= 6; step++)
        {
            link.Tell(new PeerLink.Send(Frame(FrameKind.Contribution, rank: 0) with { Item = step }, quarter));
        }

        link.Tell(new PeerLink.Send(Frame(FrameKind.Total, rank: 0) with { Item = 100 }, new float[1]));
        Assert.Equal([1UL, 2UL, 3UL, 4UL, 100UL], Read(far, frames: 5));

        far.Write(Frame(FrameKind.Credit, rank: 1) with { Item = PeerLink.CreditWindow / 4 }, default);
        Assert.Equal([5UL], Read(far, frames: 1));
        link.Tell(new PeerLink.Send(Frame(FrameKind.Total, rank: 0) with { Item = 101 }, default));
        Assert.Equal([101UL], Read(far, frames: 1));
        far.Write(Frame(FrameKind.Credit, rank: 1) with { Item = PeerLink.CreditWindow / 4 }, default);
        Assert.Equal([6UL], Read(far, frames: 1));
        await Task.CompletedTask;
    }

    [Fact]
    public void Credit_goes_back_a_quarter_of_the_window_at_a_time()
    {
        var (link, far) = Open(unix: true);
        link.Tell(new PeerLink.Consumed((PeerLink.CreditWindow / 4) - 1));
        link.Tell(new PeerLink.Consumed(2));
        var credit = far.ReadHeader()!.Value;
        Assert.Equal((FrameKind.Credit, (ulong)(PeerLink.CreditWindow / 4) + 1), (credit.Kind, credit.Item));
    }

    [Fact]
    public async Task A_lower_generation_is_dropped_and_a_higher_one_closes_the_link()
    {
        var (_, far) = Open(unix: true);
        far.Write(Frame(FrameKind.Total, rank: 1) with { Generation = new GenerationNumber(2, 2), Item = 1 }, new byte[8]);
        far.Write(Frame(FrameKind.Total, rank: 1) with { Item = 2 }, new byte[8]);
        Assert.Equal(2UL, (await HearAsync<FrameArrived>()).Header.Item);
        far.Write(Frame(FrameKind.Total, rank: 1) with { Generation = new GenerationNumber(3, 0) }, default);
        Assert.Equal("corrupt frame: generation at byte 224 of the stream is (3,0), expected at most the link's, (2,3)", (await HearAsync<PeerLink.Closed>()).Reason);
    }

    [Fact]
    public async Task Bytes_that_are_no_frame_close_the_link_and_are_named()
    {
        var (_, far) = Open(unix: true);
        far.Write(Frame(FrameKind.Total, rank: 1), new byte[12]);
        far.Write(Frame(FrameKind.Total, rank: 5), default);
        Assert.Equal(12, (await HearAsync<FrameArrived>()).Payload.Length);
        var closed = await HearAsync<PeerLink.Closed>();
        Assert.Equal((1, "corrupt frame: rank at byte 148 of the stream is 5, expected 1"), (closed.Rank, closed.Reason));
    }

    [Fact]
    public async Task A_stream_that_ends_within_a_frame_says_where()
    {
        var (a, b) = Sockets.RawPair(unix: true);
        Start(new LinkConnection(a, "a"));
        var header = new byte[FrameHeader.Bytes];
        (Frame(FrameKind.Total, rank: 1) with { PayloadLength = 100 }).Write(header);
        b.Send(header);
        b.Send(new byte[60]);
        b.Dispose();
        Assert.Equal("the stream ends at byte 156, 40 bytes before the end of the frame", (await HearAsync<PeerLink.Closed>()).Reason);
    }

    [Fact]
    public async Task A_peer_that_goes_closes_the_link()
    {
        var (_, far) = Open(unix: false);
        far.Dispose();
        Assert.Equal("the peer closed the link", (await HearAsync<PeerLink.Closed>()).Reason);
    }

    private static FrameHeader Frame(FrameKind kind, int rank) => new() { Kind = kind, Job = Job, Generation = Generation, Rank = rank };

    private static ulong[] Read(LinkConnection far, int frames)
    {
        far.ReadTimeout = Patience;
        return [.. Enumerable.Range(0, frames).Select(_ =>
        {
            var header = far.ReadHeader()!.Value;
            far.ReadPayload(new byte[header.PayloadLength]);
            return header.Item;
        })];
    }

    private (IActorRef Link, LinkConnection Far) Open(bool unix)
    {
        var (near, far) = Sockets.Pair(unix);
        return (Start(near), far);
    }

    private IActorRef Start(LinkConnection near)
    {
        var found = new TaskCompletionSource<IActorRef>();
        _system.ActorOf(Props.Create(() => new Parent(near, _pool, _heard.Writer, found)));
        return found.Task.GetAwaiter().GetResult();
    }

    private async Task<T> HearAsync<T>()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (await _heard.Reader.ReadAsync(patience.Token) is T wanted)
            {
                return wanted;
            }
        }
    }

    /// <summary>The link's parent and its all-reduce at once: hears frames, and that the link is closed.</summary>
    private sealed class Parent : UntypedActor
    {
        private readonly ChannelWriter<object> _heard;

        public Parent(LinkConnection near, LeasePool pool, ChannelWriter<object> heard, TaskCompletionSource<IActorRef> found)
        {
            _heard = heard;
            var self = Self;
            var identity = new LinkIdentity(Job, Generation, OwnRank: 0, PeerRank: 1);
            var props = Props.Create(() => new PeerLink(identity, near, pool, new Places(), self)).WithDispatcher(LinkDispatcher.Name);
            found.SetResult(Context.ActorOf(props));
        }

        protected override void OnReceive(object message) => _heard.TryWrite(message);
    }
    /// <summary>One chunk has a place, whose hash is the sum of what is there.</summary>
    private sealed class Places : ITotalPlaces
    {
        public const uint Chunk = 5;

        private readonly float[] _place = new float[3];

        public bool TryClaim(in FrameHeader header, out Memory<float> place)
        {
            place = _place;
            return header.Chunk == Chunk;
        }

        public ulong Filled(in FrameHeader header) => (ulong)_place.Sum();
    }
}
