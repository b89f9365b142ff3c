using Trainer.Node.Links;
using Trainer.Node.Tests.Links;
using Trainer.Node.Worker;

namespace Trainer.Node.Tests.Worker;

public sealed class WaitingOffersTests : IDisposable
{
    private readonly LinkConnection _connection;
    private readonly WaitingOffers _waiting = new(most: 3);

    public WaitingOffersTests()
    {
        (_connection, var other) = Sockets.Pair(unix: true);
        other.Dispose();
    }

    public void Dispose() => _connection.Dispose();

    [Fact]
    public void Strangers_give_way_before_whoever_names_the_job_that_is_served()
    {
        var real = Offer("job", rank: 0);
        Assert.Null(_waiting.Add(real, "job"));
        var (first, second, third) = (Offer("bogus", rank: 1), Offer("bogus", rank: 2), Offer("bogus", rank: 3));
        Assert.Null(_waiting.Add(first, "job"));
        Assert.Null(_waiting.Add(second, "job"));
        Assert.Same(first, _waiting.Add(third, "job"));
        Assert.Same(second, _waiting.Add(Offer("job", rank: 2), "job"));
        Assert.Equal(["job", "bogus", "job"], _waiting.TakeAll().Select(offer => offer.Hello.Job));
        Assert.Empty(_waiting.TakeAll());
    }

    [Fact]
    public void Of_the_job_that_is_served_the_oldest_goes()
    {
        var oldest = Offer("job", rank: 0);
        Assert.Null(_waiting.Add(oldest, "job"));
        Assert.Null(_waiting.Add(Offer("job", rank: 1), "job"));
        Assert.Null(_waiting.Add(Offer("job", rank: 2), "job"));
        Assert.Same(oldest, _waiting.Add(Offer("job", rank: 3), "job"));
    }

    [Fact]
    public void Who_dials_again_takes_the_place_that_it_had()
    {
        var (before, wantsState) = (Offer("job", rank: 0), Offer("job", rank: 0, FrameKind.StateWanted));
        Assert.Null(_waiting.Add(before, "job"));
        Assert.Null(_waiting.Add(wantsState, "job"));
        Assert.Same(before, _waiting.Add(Offer("job", rank: 0), "job"));
        Assert.Equal(2, _waiting.TakeAll().Count);
    }

    private LinkOffered Offer(string job, int rank, FrameKind kind = FrameKind.Hello)
    {
        var header = new FrameHeader { Kind = kind, Job = FrameHeader.HashOf(job), Generation = new GenerationNumber(1, 1), Rank = rank };
        return new LinkOffered(header, new Hello(job, $"life-{rank}", []), _connection);
    }
}
