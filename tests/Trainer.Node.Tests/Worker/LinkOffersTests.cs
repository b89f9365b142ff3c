using Google.Protobuf;
using Trainer.Node.Links;
using Trainer.Node.Tests.Links;
using Trainer.Node.Worker;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Worker;

public sealed class LinkOffersTests : IDisposable
{
    private static readonly byte[] Secret = [9, 8, 7];

    private readonly LinkConnection _connection;
    private readonly Membership _membership;

    public LinkOffersTests()
    {
        (_connection, var other) = Sockets.Pair(unix: true);
        other.Dispose();
        var assignment = new Assignment { Shards = 3 };
        assignment.Members.AddRange(Enumerable.Range(0, 3).Select(rank => new Member { Worker = $"worker-{rank}", Incarnation = $"life-{rank}" }));
        _membership = new Membership(new Start
        {
            Job = "job",
            Generation = new Generation { Term = 2, Number = 5 },
            Rank = 1,
            Assignment = assignment,
            Secret = ByteString.CopyFrom(Secret),
        }, "life-1", new LinkRoutes("here", certificates: null), Task.CompletedTask);
    }

    public void Dispose() => _connection.Dispose();

    [Fact]
    public void The_lower_rank_of_the_same_generation_is_accepted() => Assert.Equal((OfferVerdict.Accept, ""), Judge());

    [Fact]
    public void Who_serves_nothing_lets_everybody_wait() => Assert.Equal((OfferVerdict.Wait, ""), LinkOffers.Judge(Offer(), job: "", served: null, isEntering: false));

    [Fact]
    public void Another_job_and_a_higher_generation_wait()
    {
        Assert.Equal((OfferVerdict.Wait, ""), Judge(job: "other", secret: [1]));
        Assert.Equal((OfferVerdict.Wait, ""), Judge(number: 6));
        Assert.Equal((OfferVerdict.Wait, ""), Judge(term: 3, number: 0));
    }

    [Fact]
    public void Everything_else_is_refused_in_clear_words()
    {
        Assert.Equal((OfferVerdict.Refuse, "generation (2,4) of job job is over, (2,5) is served"), Judge(number: 4));
        Assert.Equal((OfferVerdict.Refuse, "wrong secret for job job, generation (2,5)"), Judge(secret: [9, 8]));
        Assert.Equal((OfferVerdict.Refuse, "rank 2 does not open the link to rank 1: the lower one does"), Judge(rank: 2, incarnation: "life-2"));
        Assert.Equal((OfferVerdict.Refuse, "rank -1 of generation (2,5) is not incarnation 'life-0'"), Judge(rank: -1));
        Assert.Equal((OfferVerdict.Refuse, "rank 0 of generation (2,5) is not incarnation 'ghost'"), Judge(incarnation: "ghost"));
        Assert.Equal((OfferVerdict.Refuse, "generation (2,5) of job job opens no more links"), Judge(isEntering: false));
    }

    private (OfferVerdict Verdict, string Reason) Judge(
        string job = "job", ulong term = 2, ulong number = 5, int rank = 0, string incarnation = "life-0", byte[]? secret = null,
        bool isEntering = true) => LinkOffers.Judge(Offer(job, term, number, rank, incarnation, secret), "job", _membership, isEntering);

    private LinkOffered Offer(
        string job = "job", ulong term = 2, ulong number = 5, int rank = 0, string incarnation = "life-0", byte[]? secret = null)
    {
        var header = new FrameHeader { Kind = FrameKind.Hello, Job = FrameHeader.HashOf(job), Generation = new GenerationNumber(term, number), Rank = rank };
        return new LinkOffered(header, new Hello(job, incarnation, secret ?? Secret), _connection);
    }
}
