using Akka.Actor;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.Training;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Worker;

/// <summary>A worker's part in one generation of a job: everything that comes with Start and goes with Release.</summary>
internal sealed class Membership : IDisposable
{
    private readonly Dictionary<int, LinkDialer> _dialers = [];

    public Membership(Start start)
    {
        (Start, Generation, Authority) = (start, GenerationNumber.Of(start.Generation), GenerationNumber.Of(start.Generation));
        Links = new LinkConnection?[start.Assignment.Members.Count];
    }

    public Start Start { get; }

    public string Job => Start.Job;

    public int Rank => (int)Start.Rank;

    public int Members => Start.Assignment.Members.Count;

    /// <summary>What its links and reports carry.</summary>
    public GenerationNumber Generation { get; }

    /// <summary>The highest generation that an order came from: lower ones are dropped.</summary>
    public GenerationNumber Authority { get; private set; }

    /// <summary>By rank; null at the own one, and where a link is not up yet.</summary>
    public LinkConnection?[] Links { get; }

    public bool AllLinked => Enumerable.Range(0, Members).All(rank => rank == Rank || Links[rank] is not null);

    public LeasePool Pool { get; } = new();

    public ReduceWaiter Waiter { get; } = new();

    public TrainingRun? Run { get; set; }

    public MemberState? State { get; set; }

    public IActorRef? AllReduce { get; set; }

    /// <summary>Whether the run's thread has ended.</summary>
    public bool RunIsOver { get; set; }

    /// <summary>Nobody wants it any more; it goes when its threads have ended.</summary>
    public bool IsReleased { get; set; }

    /// <summary>All epochs closed, kept for an entity that asks again.</summary>
    public List<EpochReport> Epochs { get; } = [];

    /// <summary>Finished, Failure, LinkLost or Fenced: said again until somebody releases the worker.</summary>
    public WorkerReport? LastWord { get; set; }

    public FrameHeader HelloHeader => new()
    {
        Kind = FrameKind.Hello,
        Job = FrameHeader.HashOf(Job),
        Generation = Generation,
        Rank = Rank,
    };

    /// <summary>An order of this generation or a higher one is obeyed, and outdates all lower ones.</summary>
    public bool Obeys(Generation? generation)
    {
        var number = GenerationNumber.Of(generation);
        Authority = number > Authority ? number : Authority;
        return number == Authority;
    }

    public void Dial(int rank, LinkDialer dialer) => _dialers[rank] = dialer;

    /// <summary>Closes all links and ends all attempts to open one; threads that wait on them go on.</summary>
    public void CloseLinks()
    {
        foreach (var dialer in _dialers.Values)
        {
            dialer.Dispose();
        }

        Array.ForEach(Links, link => link?.Dispose());
    }

    /// <summary>Frees the state. Whoever calls has seen the run's thread end and the all-reduce stop.</summary>
    public void Dispose()
    {
        CloseLinks();
        State?.Dispose();
        Pool.Dispose();
    }
}
