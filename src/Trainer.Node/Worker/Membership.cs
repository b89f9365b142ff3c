using System.Net.Sockets;
using Akka.Actor;
using Trainer.Kernels.Training;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.States;
using Trainer.Node.Training;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Worker;

/// <summary>What a worker holds for one generation alone: links, the exchange over them, and the wish to go on. Comes with Start and goes with the next order that ends it.</summary>
internal sealed class Membership
{
    private readonly Dictionary<int, LinkDialer> _dialers = [];
    private readonly LinkConnection?[] _links;
    private readonly LeasePool _pool = new();
    private readonly CancellationTokenSource _interruption = new();
    private readonly TaskCompletionSource _buffersAreFree = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Thread> _donors = [];
    private IActorRef? _allReduce;
    private bool _isOver;

    /// <param name="start">With which it begins.</param>
    /// <param name="own">The worker's incarnation.</param>
    /// <param name="before">Ends once the buffers of the generation before are free.</param>
    public Membership(Start start, string own, LinkRoutes routes, Task before)
    {
        (Start, Number) = (start, GenerationNumber.Of(start.Generation));
        _links = new LinkConnection?[start.Assignment.Members.Count];
        var header = new FrameHeader { Kind = FrameKind.Hello, Job = FrameHeader.HashOf(start.Job), Generation = Number, Rank = (int)start.Rank };
        Entry = new Entry(start, before, _interruption.Token, routes, header, new Hello(start.Job, own, start.Secret.ToByteArray()));
    }

    public Start Start { get; }

    public GenerationNumber Number { get; }

    public int Rank => (int)Start.Rank;

    public Entry Entry { get; }

    public Workspace? Work { get; set; }

    /// <summary>Ends once nobody reads or writes its buffers any more.</summary>
    public Task BuffersAreFree => _buffersAreFree.Task;

    private ReduceWaiter Waiter { get; } = new();

    /// <summary>Opens the links to the higher ranks; the lower ones open theirs.</summary>
    /// <param name="finished">Told <see cref="LinkDialed"/> or <see cref="LinkFailed"/>.</param>
    public void Dial(Action<object> finished)
    {
        for (var rank = Rank + 1; rank < _links.Length; rank++)
        {
            _dialers[rank] = new LinkDialer(rank, Start.Assignment.Members[rank], Entry.Routes, Entry.LinkHeader, Entry.Secret, finished);
        }
    }

    /// <summary>A link is up. A second one of the same peer replaces the first, which the peer has given up.</summary>
    public void Take(int rank, LinkConnection connection)
    {
        _links[rank]?.Dispose();
        _links[rank] = connection;
    }

    /// <summary>Begins to exchange: all links are up, and the state is there.</summary>
    /// <param name="committed">Told of every item that is committed.</param>
    public AllReduceClient Exchange(IActorContext context, Action<ulong> committed)
    {
        var (work, training) = (Work!, Work!.Job);
        var setup = new AllReduceSetup(
            work.Plan, Entry.LinkHeader.Job, Number, Rank, work.Buffers, Math.Max(training.Parameters.BatchSize, training.Data.Test.Count), _links, _pool, Waiter,
            Start.FromItem, committed, work.Hashes)
        {
            RoundedElements = work.Network.RoundedElements,
        };
        _allReduce = context.Watch(context.ActorOf(
            Props.Create(() => new AllReduce(setup)).WithDispatcher(LinkDispatcher.Name), $"all-reduce-{Number.Term}-{Number.Number}"));
        return new AllReduceClient(_allReduce, Waiter, work.Network.Layout.Buckets.Count, work.Hashes);
    }

    public void Hold() => _allReduce?.Tell(AllReduce.Hold.Instance);

    /// <summary>Sends the state to a joiner, on a thread of its own.</summary>
    public void Donate(LinkConnection connection, StateReader state, Action<Moment>? reached, Action<string> failed)
    {
        var thread = new Thread(() =>
        {
            try
            {
                reached?.Invoke(Moment.Donation);
                StateTransfer.Send(connection, Entry.LinkHeader, state);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                failed(e.Message);
            }
        })
        { IsBackground = true, Name = "state-donor" };
        _donors.Add(thread);
        thread.Start();
    }

    /// <summary>Ends it: the thread that computes comes by between two operations, links close, and the exchange stops.</summary>
    public void Leave(IActorContext context)
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        _interruption.Cancel();
        Waiter.Fail(new OperationCanceledException("The generation is over."));
        foreach (var dialer in _dialers.Values)
        {
            dialer.Dispose();
        }

        Array.ForEach(_links, link => link?.Dispose());
        if (_allReduce is not null)
        {
            context.Stop(_allReduce);
        }
        else
        {
            _buffersAreFree.TrySetResult();
        }
    }

    /// <summary>An actor has ended. True: it was this generation's, and the buffers are free.</summary>
    public bool HasEnded(IActorRef actor)
    {
        if (!actor.Equals(_allReduce))
        {
            return false;
        }

        _pool.Dispose();
        _buffersAreFree.TrySetResult();
        return true;
    }
}
