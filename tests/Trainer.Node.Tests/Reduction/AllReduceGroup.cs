using System.Collections.Concurrent;
using Akka.Actor;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.Tests.Links;

namespace Trainer.Node.Tests.Reduction;

/// <summary>All members of an all-reduce in one process, over real sockets or through memory.</summary>
internal sealed class AllReduceGroup : IDisposable
{
    public const ulong Job = 0x1234;
    private static readonly IReadOnlyList<Bucket> NoBuckets = [];
    private readonly ActorSystem _system = TrainingSystem.Create();
    private readonly LeasePool _pool = new();
    private readonly BlockingCollection<object> _heard = [];

    public AllReduceGroup(int members, int shards, int elements, bool unix, int mostSamples = 256, int roundedElements = 0, ulong firstItem = 1, bool lastIsPlayed = false, bool memory = false)
    {
        Plan = Plans.Even(members, shards, elements);
        Buckets = elements == 0 ? NoBuckets : [new Bucket(0, 0, elements / 3), new Bucket(1, elements / 3, elements - (elements / 3))];
        var mesh = memory ? Sockets.Mesh(members, () => LinkConnection.InMemory("memory")) : Sockets.Mesh(members, unix);
        Played = lastIsPlayed ? mesh[^1][0] : null;
        Members = [.. Enumerable.Range(0, members - (lastIsPlayed ? 1 : 0)).Select(rank => new AllReduceMember(this, rank, mesh[rank], mostSamples, _pool, roundedElements, firstItem))];
    }

    public AllReducePlan Plan { get; }

    public IReadOnlyList<Bucket> Buckets { get; }

    public IReadOnlyList<AllReduceMember> Members { get; }

    /// <summary>The end at which a test plays the last member, of its link to rank 0.</summary>
    public LinkConnection? Played { get; }

    /// <summary>Runs a member's part of each step on a thread of its own; rethrows what any of them throws.</summary>
    public T[] OnEach<T>(Func<AllReduceMember, T> run)
    {
        var results = new T[Members.Count];
        var faults = new List<Exception>();
        var threads = Members.Select(member => new Thread(() =>
        {
            try
            {
                results[member.Rank] = run(member);
            }
            catch (Exception e)
            {
                lock (faults)
                {
                    faults.Add(e);
                }
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return faults.Count == 0 ? results : throw new AggregateException(faults);
    }

    /// <summary>Waits for what a member told its parent.</summary>
    public T Heard<T>()
    {
        while (true)
        {
            if (_heard.TryTake(out var message, TimeSpan.FromMinutes(1)) && message is T wanted)
            {
                return wanted;
            }
        }
    }

    /// <summary>A member's actor, below one that listens to it.</summary>
    public IActorRef Create(Props props, int rank)
    {
        var parent = _system.ActorOf(Akka.Actor.Props.Create(() => new Parent(_heard)), $"parent-{rank}");
        return parent.Ask<IActorRef>(props).GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _system.Terminate().GetAwaiter().GetResult();
        _pool.Dispose();
    }
}

/// <summary>In the worker's place.</summary>
internal sealed class Parent : ReceiveActor
{
    public Parent(BlockingCollection<object> heard)
    {
        Receive<Props>(child => Sender.Tell(Context.ActorOf(child)));
        ReceiveAny(heard.Add);
    }
}

/// <summary>One member with buffers of its own.</summary>
internal sealed class AllReduceMember
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly AllReduceGroup _group;
    private readonly AllReduceClient _client;
    private readonly ReduceWaiter _waiter = new();
    private readonly Dictionary<(int, bool), StepPlan> _plans = [];

    public AllReduceMember(
        AllReduceGroup group, int rank, IReadOnlyList<LinkConnection?> links, int mostSamples, LeasePool pool, int roundedElements, ulong firstItem)
    {
        (_group, Rank) = (group, rank);
        var roots = group.Plan.Roots[rank].Select(_ => new Memory<float>(new float[group.Plan.Elements])).ToArray();
        Buffers = new GradientBuffers(roots, new float[group.Plan.Elements]);
        Hashes = new PayloadHashes(group.Plan, Buffers);
        var setup = new AllReduceSetup(
            group.Plan, AllReduceGroup.Job, new GenerationNumber(1, 1), rank, Buffers, mostSamples, links, pool, _waiter, firstItem, item => Committed = item, Hashes)
        {
            RoundedElements = roundedElements,
        };
        var props = Props.Create(() => new AllReduce(setup)).WithDispatcher(LinkDispatcher.Name);
        Actor = group.Create(props, rank);
        _client = new AllReduceClient(Actor, _waiter, group.Buckets.Count, Hashes);
    }

    public int Rank { get; }

    public IActorRef Actor { get; }

    public GradientBuffers Buffers { get; }

    public PayloadHashes Hashes { get; }

    /// <summary>The last item that it heard is committed.</summary>
    public ulong Committed { get; private set; }

    public void Abort() => _waiter.Fail(new OperationCanceledException());

    /// <summary>Takes part in an item and then applies it, with a hash.</summary>
    /// <param name="compute">Between the item's begin and its gradients.</param>
    /// <param name="contributed">After its gradients.</param>
    public ReduceResult Reduce(
        ulong item, int samples, ReadOnlyMemory<float> statistics, ulong hash = 7, bool gradients = true, TimeSpan? patience = null, Action<IBatchExchange>? compute = null,
        Action? contributed = null)
    {
        if (!_plans.TryGetValue((samples, gradients), out var plan))
        {
            _plans[(samples, gradients)] = plan = new StepPlan(_group.Plan, Rank, samples, gradients, _group.Buckets);
        }

        _client.Begin(item, plan, patience ?? Patience);
        compute?.Invoke(new BatchExchange(_client, _group.Plan.Ranges));
        for (var bucket = 0; gradients && bucket < _group.Buckets.Count; bucket++)
        {
            _client.BucketReady(bucket);
        }

        contributed?.Invoke();
        var result = _client.Complete(statistics);
        _client.Applied(item, hash);
        return result;
    }
}
