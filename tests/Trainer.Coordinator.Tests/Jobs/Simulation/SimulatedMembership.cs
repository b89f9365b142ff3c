using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.States;
using Trainer.Node.Training;
using Trainer.Node.Worker;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Simulation;

/// <summary>A worker's part in one generation: it takes the state, opens links, and applies item after item as rules 1 and 2 of the protocol say.</summary>
/// <remarks>Each member owns one chunk: an item needs everybody's contribution to every chunk, and then the totals of all owners.</remarks>
internal sealed class SimulatedMembership(SimulatedCluster cluster, SimulatedWorker worker, Start start, StateLedger ledger)
{
    private readonly Dictionary<int, SimulatedLink> _links = [];
    private readonly CommitRound _commits = new([.. start.Assignment.Members.Select(member => member.Worker)], start.FromItem - 1);
    private readonly Queue<Frame> _early = new();
    private readonly HashSet<int> _contributions = [];
    private readonly HashSet<int> _totals = [];
    private ulong _last = start.FromItem - 1;
    private bool _isTraining;
    private bool _hold;
    private bool _isWithheld;
    private bool _endsGeneration;

    public SimulatedWorker Worker => worker;

    public Start Start => start;

    public GenerationNumber Number { get; } = GenerationNumber.Of(start.Generation);

    public int Rank => (int)start.Rank;

    public bool IsOver { get; private set; }

    /// <summary>The item in flight; 0: none.</summary>
    public ulong Item { get; private set; }

    public IEnumerable<SimulatedLink> Links => _links.Values;

    private int Members => start.Assignment.Members.Count;

    private IEnumerable<int> Peers => Enumerable.Range(0, Members).Where(rank => rank != Rank);

    // ---------- entering

    public void Enter()
    {
        After(0.3, TakeState);
        for (var rank = Rank + 1; rank < Members; rank++)
        {
            Dial(rank);
        }
    }

    public void Leave()
    {
        IsOver = true;
        foreach (var link in _links.Values)
        {
            link.Close(by: this);
        }
    }

    public void LoseLink(int rank)
    {
        if (!IsOver && _links.Remove(rank))
        {
            worker.Decide(new LinkGone(Number, rank, "reset", Opened: true));
        }
    }

    // The lower rank opens the link, and tries again as long as nobody answers.
    private void Dial(int rank) => After(0.1, () =>
    {
        var peer = cluster.Life(start.Assignment.Members[rank].Incarnation);
        var other = peer is { IsUp: true } ? peer.Membership : null;
        if (other is null || other.Number < Number)
        {
            Dial(rank);
        }
        else if (other.Number > Number || peer!.Phase != WorkerPhase.Entering)
        {
            worker.Decide(new LinkGone(Number, rank, "refused", Opened: false));
        }
        else
        {
            var link = new SimulatedLink(cluster, this, other);
            other._links[Rank] = link;
            peer.Decide(new LinkUp(Number, Rank));
            _links[rank] = link;
            worker.Decide(new LinkUp(Number, rank));
        }
    });

    private void TakeState()
    {
        var wanted = HeldState.Of(start.State);
        if (ledger.Current is { } current && current.Is(wanted) || Quietly(() => ledger.FlipBackTo(Number, wanted, () => { })))
        {
            Taken();
        }
        else if (!IsOver)
        {
            cluster.Promises.NoStateIsDroppedThatIsNeeded(worker, start);
            ledger.Drop();
            Fetch(wanted, new Queue<string>(start.Holders.Select(holder => holder.Incarnation)), cluster.Time + TimeSpan.FromSeconds(5));
        }
    }

    // The initial state is made; others come from the first holder that gives it, or from disk.
    private void Fetch(HeldState wanted, Queue<string> holders, TimeSpan patience)
    {
        if (wanted.Item == 0)
        {
            Take(SimulatedWorker.State(0));
            return;
        }

        if (!holders.TryPeek(out var incarnation))
        {
            FetchFromDisk(wanted);
            return;
        }

        After(0.2, () =>
        {
            var (holder, donor) = (cluster.Life(incarnation), cluster.Life(incarnation)?.Membership);
            var gives = holder is { IsUp: true } && donor?.Number == Number && holder.Current is { } held && held.Is(wanted);
            var mayYet = holder is { IsAlive: true } && (donor is null || donor.Number < Number) && cluster.Time < patience;
            if (gives)
            {
                Take(wanted);
                return;
            }

            if (!mayYet)
            {
                holders.Dequeue();
            }

            Fetch(wanted, holders, mayYet ? patience : cluster.Time + TimeSpan.FromSeconds(5));
        });
    }

    private void FetchFromDisk(HeldState wanted)
    {
        if (start.Checkpoint is { } checkpoint && cluster.Disk.TryGetValue(checkpoint.Folder, out var stored) && stored.Is(wanted))
        {
            Take(stored);
        }
        else
        {
            worker.Decide(new DriverFailed(Number, new Failure { Kind = Failure.Types.Kind.State, Message = "nobody gives it", Item = wanted.Item + 1 }));
        }
    }

    private void Take(HeldState state)
    {
        ledger.Take(state);
        Taken();
    }

    private void Taken()
    {
        if (Quietly(() => ledger.Begin(Number, start.FromItem - 1)))
        {
            After(0.05, () => worker.Decide(new StateTaken(Number, Note: null)));
        }
    }

    // ---------- training

    public void Train()
    {
        _isTraining = true;
        Begin(start.FromItem);
    }

    public void Hold() => _hold = true;

    public void Arrive(Frame frame)
    {
        _hold |= frame.Hold;
        if (frame.Kind == FrameKind.Applied)
        {
            Note(frame.Rank, frame.Item, frame.Hash);
        }
        else if (frame.Kind == FrameKind.Committed)
        {
            ledger.Commit(Number, frame.Item);
            EndIfDone();
        }
        else if (!_isTraining || frame.Item > Item)
        {
            _early.Enqueue(frame);
        }
        else
        {
            Claim(frame);
        }
    }

    private void Begin(ulong item)
    {
        Item = item;
        _contributions.Clear();
        _totals.Clear();
        if (item > cluster.Items)
        {
            EndIfDone();
            return;
        }

        After(0.3, () =>
        {
            Tell(FrameKind.Contribution);
            Claim(new Frame(FrameKind.Contribution, Rank, Item, 0, _hold));
        });
        for (var waiting = _early.Count; waiting > 0; waiting--)
        {
            Arrive(_early.Dequeue());
        }
    }

    private void Claim(Frame frame)
    {
        if (frame.Kind == FrameKind.Contribution && _contributions.Add(frame.Rank) && _contributions.Count == Members)
        {
            _isWithheld = Rank == 0 && _commits.Committed + 1 < Item;
            FinishTotal();
        }
        else if (frame.Kind == FrameKind.Total && _totals.Add(frame.Rank))
        {
            _endsGeneration |= frame.Rank == 0 && frame.Hold;
            if (_totals.Count == Members)
            {
                After(0.05, Apply);
            }
        }
    }

    private void FinishTotal()
    {
        if (!_isWithheld)
        {
            Tell(FrameKind.Total);
            Claim(new Frame(FrameKind.Total, Rank, Item, 0, _hold));
        }
    }

    // Two moments: something may come between writing and flipping, and the thread that computes learns only from the ledger that its generation is over.
    private void Apply()
    {
        if (Quietly(() => ledger.BeginWrite(Number)))
        {
            cluster.At(cluster.Time + cluster.Delay(0.05), worker, Flip);
        }
    }

    private void Flip()
    {
        var before = ledger.Current;
        if (!worker.IsServedBy(ledger) || !Quietly(() => ledger.Flip(Number, () => SimulatedWorker.State(Item))))
        {
            return;
        }

        cluster.Promises.NobodyAppliesAnItemBeforeTheOneBeforeIsCommitted(worker, Item, before);
        cluster.Promises.AfterAFenceNothingBecomesCurrent(worker, Number, Item);
        if (IsOver)
        {
            return;
        }

        SayApplied();
        ItemsCommittedBefore(Item);
        _last = Item;
        if (_endsGeneration || Item == cluster.Items)
        {
            EndIfDone();
        }
        else
        {
            Begin(Item + 1);
        }
    }

    private void SayApplied()
    {
        var hash = SimulatedWorker.State(Item).Hash;
        if (Rank == 0)
        {
            Note(0, Item, hash);
            return;
        }

        for (var times = cluster.Happens(0.1) ? 2 : 1; times > 0; times--)
        {
            _links.GetValueOrDefault(0)?.Send(this, new Frame(FrameKind.Applied, Rank, Item, hash, _hold));
        }
    }

    private void Note(int rank, ulong item, ulong hash)
    {
        if (!_commits.Note(rank, item, hash))
        {
            return;
        }

        cluster.Promises.CommittedIsWhatAllHaveApplied(start, item);
        Tell(FrameKind.Committed, item);
        ledger.Commit(Number, item);
        EndIfDone();
        if (_isWithheld && item + 1 == Item)
        {
            _isWithheld = false;
            FinishTotal();
        }
    }

    private void ItemsCommittedBefore(ulong item)
    {
        if (item > start.FromItem)
        {
            Publish(item - 1);
        }
    }

    private void Publish(ulong item) => worker.Decide(new ItemsCommitted(
        Number, new CommittedProgress(SimulatedWorker.State(item), new Protos.Progress { Step = item, TotalSteps = cluster.Items }, item == cluster.Items ? Samples.Epoch(1) : null, [])));

    // All members stop after the same item, or at the last one, once that is committed.
    private void EndIfDone()
    {
        if (IsOver || !_isTraining || ledger.Committed < _last || ledger.Current?.Item != _last || !(_endsGeneration || _last == cluster.Items))
        {
            return;
        }

        _isTraining = false;
        Publish(_last);
        worker.Decide(new SegmentOver(Number, _last == cluster.Items ? SegmentEnd.Finished : SegmentEnd.Held, ledger.Current!.Value));
    }

    // ---------- helpers

    private void Tell(FrameKind kind, ulong? item = null)
    {
        foreach (var rank in Peers)
        {
            _links.GetValueOrDefault(rank)?.Send(this, new Frame(kind, Rank, item ?? Item, 0, _hold));
        }
    }

    private void After(double most, Action action) => cluster.At(cluster.Time + cluster.Delay(most), worker, () =>
    {
        if (!IsOver)
        {
            action();
        }
    });

    // False: the generation is over.
    private static bool Quietly(Action action) => Quietly(() =>
    {
        action();
        return true;
    });

    private static bool Quietly(Func<bool> action)
    {
        try
        {
            return action();
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static bool Quietly(Func<HeldState> flip) => Quietly(() =>
    {
        flip();
        return true;
    });
}
