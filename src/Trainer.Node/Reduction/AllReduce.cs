using Akka.Actor;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Sharding;
using Trainer.Node.Links;

namespace Trainer.Node.Reduction;

/// <summary>A member's flat buffers: the gradient of each of its roots, and where the batch's finished gradient goes.</summary>
public sealed record GradientBuffers(IReadOnlyList<Memory<float>> Roots, Memory<float> Total);

/// <summary>What the all-reduce of a generation is about, and with whom.</summary>
/// <param name="MostSamples">The largest batch whose statistics are summed.</param>
/// <param name="Links">Open connections by rank; null at the own one.</param>
/// <param name="FirstItem">That the generation begins with; those before are committed.</param>
/// <param name="Committed">Told of every item that is committed, on the all-reduce's thread.</param>
/// <param name="Hashes">Of the own payloads.</param>
internal sealed record AllReduceSetup(
    AllReducePlan Plan,
    ulong Job,
    GenerationNumber Generation,
    int Rank,
    GradientBuffers Buffers,
    int MostSamples,
    IReadOnlyList<LinkConnection?> Links,
    LeasePool Pool,
    ReduceWaiter Waiter,
    ulong FirstItem,
    Action<ulong> Committed,
    PayloadHashes Hashes)
{
    /// <summary>Elements of the total, from the first on, that their owners round to bfloat16 (<see cref="Kernels.Training.Network.RoundedElements"/>).</summary>
    public int RoundedElements { get; init; }
}

/// <summary>
/// Sums the members' gradients by chunk owners (see <see cref="AllReducePlan"/>). One for each generation, on a thread of its own;
/// the links are its children.
/// </summary>
/// <remarks>
/// <code>
///   Begin(k) -> BucketReady ... StatisticsReady -> (all totals of k) -> the waiting training thread
///   contributions of others: own chunk complete -> fold -> total to all links, then to itself
///   PartsReady(layer, direction) -> own parts to all who share a batch norm group; theirs are there -> the waiting training thread
///   frames of k + 1 wait, unread, until Begin(k + 1)
///   Applied(k) of all members, with one hash -> rank 0 says Committed(k), and only then sends totals of k + 1
/// </code>
/// A step that fails is told to the training thread; its totals are withheld, so nobody applies it.
/// </remarks>
internal sealed partial class AllReduce : ReceiveActor
{
    private readonly AllReduceSetup _setup;
    private readonly IActorRef?[] _links;
    private readonly ChunkSum?[] _owned;
    private readonly RunningHashes _folded;
    private readonly RoundedTotals _rounded;
    private readonly TotalPlaces _places;
    private readonly StatisticsSum _statistics;
    private readonly CommitRound _commits;
    private readonly Queue<uint> _withheld = new();
    private readonly float[] _statisticsTotal = new float[SumsOnTheWire.Words];
    private readonly Queue<FrameArrived> _early = new();
    private ReduceProgress _step = ReduceProgress.None;
    private bool _hold;

    public AllReduce(AllReduceSetup setup)
    {
        _setup = setup;
        _owned = [.. Enumerable.Range(0, Plan.Chunks).Select(chunk => Owns((uint)chunk) ? new ChunkSum(Plan) : null)];
        _folded = new RunningHashes(Plan.Ranges.Length);
        _rounded = new RoundedTotals(setup.RoundedElements, Plan, setup.Rank);
        _places = new TotalPlaces(Plan, setup.Buffers, setup.Hashes, _rounded);
        _statistics = new StatisticsSum(Owns(FrameHeader.Statistics) ? setup.MostSamples : 0);
        _commits = new CommitRound(Plan.Names, setup.FirstItem - 1);
        _links = [.. setup.Links.Select((connection, rank) => connection is null ? null : Open(rank, connection))];
        Receive<Begin>(BeginStep);
        Receive<BucketReady>(ready => ContributeBucket(ready.Bucket));
        Receive<StatisticsReady>(ready => ContributeStatistics(ready));
        Receive<PartsReady>(ready => ExchangeParts(ready));
        Receive<Applied>(applied => Apply(applied.Item, applied.StateHash));
        Receive<Hold>(_ => _hold = true);
        Receive<Overdue>(_ => SayWhatIsMissing());
        Receive<FrameArrived>(Arrive);
        Receive<TotalPlaced>(TakePlaced);
        Receive<PeerLink.Closed>(closed => Context.Parent.Tell(new LinkDown(setup.Generation, closed.Rank, closed.Reason, closed.IsCorrupt)));
    }

    private AllReducePlan Plan => _setup.Plan;

    /// <summary>An item begins: what to expect.</summary>
    public sealed record Begin(ulong Item, StepPlan Plan) : INoSerializationVerificationNeeded;

    /// <summary>The item is applied here.</summary>
    public sealed record Applied(ulong Item, ulong StateHash) : INoSerializationVerificationNeeded;

    /// <summary>The generation is to end with an item that all members apply: the one in flight or the next.</summary>
    public sealed record Hold : INoSerializationVerificationNeeded
    {
        public static readonly Hold Instance = new();
    }

    /// <summary>The training thread has waited past its deadline.</summary>
    public sealed record Overdue : INoSerializationVerificationNeeded
    {
        public static readonly Overdue Instance = new();
    }

    /// <summary>To the parent: what is missing, and from whom.</summary>
    public sealed record Missing(GenerationNumber Generation, ulong Item, string What, IReadOnlyList<string> From) : INoSerializationVerificationNeeded;

    /// <summary>From rank 0 to its parent: members came to different states.</summary>
    public sealed record Disagreed(GenerationNumber Generation, ulong Item, IReadOnlyDictionary<string, ulong> Hashes) : INoSerializationVerificationNeeded;

    /// <summary>The gradients of a bucket are complete.</summary>
    public sealed record BucketReady(int Bucket) : INoSerializationVerificationNeeded;

    /// <summary>The member's part of the statistics, as <see cref="StatisticsSum"/> has it.</summary>
    /// <param name="Hash">As they were made.</param>
    public sealed record StatisticsReady(ReadOnlyMemory<float> Part, ulong Hash) : INoSerializationVerificationNeeded;

    /// <summary>The training thread waits for the others' parts of batch norm groups; its own ones stay as they are until the item's totals are there.</summary>
    /// <param name="Hashes">Of each part: those of the own ones as they were made; the others are filled in with their parts.</param>
    public sealed record PartsReady(GroupParts Parts, ulong[] Hashes) : INoSerializationVerificationNeeded;

    /// <summary>To the parent: a link is closed.</summary>
    /// <param name="IsCorrupt">What came over it is not what was sent.</param>
    public sealed record LinkDown(GenerationNumber Generation, int Rank, string Reason, bool IsCorrupt) : INoSerializationVerificationNeeded;

    /// <summary>A link that breaks in our own code is a bug of this member: the worker hears of it.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Escalate);

    protected override void PostStop()
    {
        foreach (var frame in _early)
        {
            frame.Payload.Release();
        }

        DropParts();
        Array.ForEach(_owned, sum => sum?.Drop());
    }

    private IActorRef Open(int rank, LinkConnection connection)
    {
        var identity = new LinkIdentity(_setup.Job, _setup.Generation, _setup.Rank, rank);
        var allReduce = Self;
        var props = Props.Create(() => new PeerLink(identity, connection, _setup.Pool, _places, allReduce));
        return Context.ActorOf(props.WithDispatcher(LinkDispatcher.Name), $"link-{rank}");
    }

    private bool Owns(uint chunk) => Plan.Owner(chunk) == _setup.Rank;

    // ---------- the own part

    private void BeginStep(Begin begin)
    {
        _step = new ReduceProgress(begin.Item, begin.Plan);
        _places.Begin(begin.Item, begin.Plan.Chunks);
        BeginParts();
        _statistics.Begin(Plan.Members);
        for (var chunk = 0; chunk < begin.Plan.Chunks; chunk++)
        {
            _owned[chunk]?.Begin(begin.Plan.Expected);
        }

        for (var waiting = _early.Count; waiting > 0; waiting--)
        {
            Arrive(_early.Dequeue());
        }
    }

    private void ContributeBucket(int bucket)
    {
        _step.Contributed();
        foreach (var chunk in _step.Plan.CompletedBy[bucket])
        {
            foreach (var transfer in _step.Plan.Transfers[chunk])
            {
                var (part, hash) = transfer.LocalRoot < 0
                    ? (default, 0UL)
                    : (Slice(_setup.Buffers.Roots[transfer.LocalRoot], chunk), _setup.Hashes.OfPart(transfer.LocalRoot, chunk));
                var header = Header(FrameKind.Contribution, transfer.Chunk) with { Root = transfer.Root, PayloadHash = hash };
                if (!Owns(transfer.Chunk))
                {
                    Send(transfer.To, header, part);
                }
                else
                {
                    Collect(header, part, lease: null);
                }
            }
        }
    }

    private void ContributeStatistics(StatisticsReady ready)
    {
        _step.Contributed();
        var header = Header(FrameKind.Contribution, FrameHeader.Statistics) with { PayloadHash = ready.Hash };
        if (!Owns(FrameHeader.Statistics))
        {
            Send(Plan.Owner(FrameHeader.Statistics), header, ready.Part);
        }
        else
        {
            CollectStatistics(header, ready.Part.Span);
        }
    }

    // ---------- frames of others

    private void Arrive(FrameArrived frame)
    {
        _hold |= frame.Header.Hold;
        if (frame.Header.Kind is FrameKind.Applied or FrameKind.Committed)
        {
            frame.Payload.Release();
            TakeCommit(frame.Header);
        }
        else if (frame.Header.Item > _step.Item || _step == ReduceProgress.None)
        {
            _early.Enqueue(frame);
        }
        else if (_step.HasFailed || frame.Header.Item < _step.Item || !IsForUs(frame.Header))
        {
            Fail($"{Plan.Names[frame.Header.Rank]} sent a {frame.Header.Kind} of item {frame.Header.Item}, chunk {frame.Header.Chunk}, which has no place here");
            frame.Payload.Release();
        }
        else
        {
            _step.Received(frame.Header.PayloadLength);
            Take(frame.Header, frame.Payload);
        }
    }

    private bool IsForUs(in FrameHeader header) => header.Kind == FrameKind.GroupPart
        ? Plan.RangeOf(header.Rank, header.Root) >= 0
        : (header.Chunk == FrameHeader.Statistics || header.Chunk < _step.Plan.Chunks)
            && Plan.Owner(header.Chunk) == (header.Kind == FrameKind.Total ? header.Rank : _setup.Rank);

    private void Take(in FrameHeader header, Lease payload)
    {
        if (header.Kind == FrameKind.Total)
        {
            TakeTotal(header, payload.GetSpan());
            payload.Release();
            return;
        }

        if (header.Kind == FrameKind.GroupPart)
        {
            TakePart(header, payload);
        }
        else if (header.Chunk == FrameHeader.Statistics)
        {
            CollectStatistics(header, payload.GetSpan());
            _links[header.Rank]!.Tell(new PeerLink.Consumed(payload.Length));
            payload.Release();
        }
        else
        {
            Collect(header, payload.Memory, payload);
        }
    }

    private void Collect(in FrameHeader header, Memory<float> part, Lease? lease)
    {
        var (rank, chunk, root) = (header.Rank, header.Chunk, header.Root);
        var sum = _owned[chunk]!;
        if (root.Count == 0)
        {
            sum.AddEmpty(rank);
            lease?.Release();
        }
        else if (Plan.RangeOf(rank, root) is var range && (range < 0 || part.Length != Plan.Extent((int)chunk).Length || !sum.Add(range, part, header.PayloadHash, lease)))
        {
            lease?.Release();
            Fail($"{Plan.Names[rank]} sent {part.Length} elements of shards {root} for chunk {chunk}; it owes {Plan.Extent((int)chunk).Length} elements of each of its own roots, once");
            return;
        }

        if (sum.IsComplete)
        {
            FinishChunk((int)chunk, sum);
        }
    }

    private void CollectStatistics(in FrameHeader header, ReadOnlySpan<float> part)
    {
        var rank = header.Rank;
        if (!_statistics.Add(rank, _step.Plan.Slices[rank], part, header.PayloadHash))
        {
            Fail($"{Plan.Names[rank]} sent statistics of {part.Length} elements; it owes {Kernels.Training.SampleResults.Rows * (_step.Plan.Slices[rank]?.LocalSamples ?? 0)}");
        }
        else if (_statistics.IsComplete)
        {
            FinishStatistics();
        }
    }

    // ---------- helpers

    private void Send(int rank, in FrameHeader header, ReadOnlyMemory<float> payload)
    {
        _step.Sent(payload.Length * sizeof(float));
        _links[rank]!.Tell(new PeerLink.Send(header, payload));
    }

    private FrameHeader Header(FrameKind kind, uint chunk) => new()
    {
        Kind = kind,
        Job = _setup.Job,
        Generation = _setup.Generation,
        Item = _step.Item,
        Rank = _setup.Rank,
        Chunk = chunk,
        Hold = _hold,
    };

    private Memory<float> Slice(Memory<float> flat, int chunk)
    {
        var (offset, length) = Plan.Extent(chunk);
        return flat.Slice(offset, length);
    }
}
