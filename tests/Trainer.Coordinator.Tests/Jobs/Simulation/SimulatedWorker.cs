using Google.Protobuf;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Simulation;

/// <summary>One life of a worker, as docs/elasticity.md describes it; a hash is the item that it is of.</summary>
internal sealed class SimulatedWorker(string name, int life, SimulatedCluster cluster)
{
    private readonly List<ulong> _held = [];
    private Generation _authority = new();
    private TimeSpan _loaded;
    private TimeSpan _saved;
    private Save? _save;
    private TimeSpan _said;
    private bool _reportedStart;

    public string Name => name;

    public string Incarnation { get; } = $"{life:d4}-{name}";

    public string Path => $"akka.tcp://trainer@{Incarnation}:1/user/agent";

    public string Job { get; private set; } = "";

    public string Phase { get; private set; } = "";

    public bool IsAlive { get; set; } = true;

    public TimeSpan HangsUntil { get; set; }

    public bool Leaving { get; set; }

    public Start? Generation { get; private set; }

    public ulong Applied => _held.Count == 0 ? 0 : _held[^1];

    public ulong Committed { get; private set; }

    public bool HoldAsked { get; private set; }

    public bool Holds(ulong item) => item == 0 ? Job.Length > 0 : _held.Contains(item);

    public bool IsUp => IsAlive && HangsUntil <= cluster.Time;

    public WorkerStatus Status() => new()
    {
        Worker = name,
        Incarnation = Incarnation,
        Node = Incarnation,
        Host = "host",
        ActorPath = Path,
        DeviceKind = "cpu",
        Numerics = "v1",
        LinkEndpoints = { "unix:/" + Incarnation },
        Job = Job,
        Leaving = Leaving,
    };

    public void Obey(IMessage order)
    {
        var (job, incarnation, generation) = order switch
        {
            Enlist enlist => (enlist.Job, enlist.Incarnation, enlist.Generation),
            Start start => (start.Job, start.Assignment.Members[(int)start.Rank].Incarnation, start.Generation),
            Hold hold => (hold.Job, Incarnation, hold.Generation),
            Fence fence => (fence.Job, Incarnation, fence.Generation),
            Save save => (save.Job, Incarnation, save.Generation),
            Release release => (release.Job, Incarnation, release.Generation),
            Query query => (query.Job, Incarnation, query.Generation),
            _ => throw new ArgumentOutOfRangeException(nameof(order)),
        };
        if (incarnation != Incarnation)
        {
            return;
        }

        if (Job != job && order is not Enlist || Job.Length > 0 && Job != job)
        {
            if (order is not Release)
            {
                Say(new WorkerReport { Busy = new Busy { Job = Job } }, job);
            }

            return;
        }

        var isAbove = Compare(generation, _authority) > 0;
        if (Compare(generation, _authority) < 0 || order is Start && !isAbove && !(Generation is not null && Compare(generation, Generation.Generation) == 0))
        {
            return;
        }

        if (order is Start { } first && Phase == "loading")
        {
            Assert.NotNull(first);
            return;
        }

        _authority = generation;
        Follow(order, isAbove);
    }

    private void Follow(IMessage order, bool isAbove)
    {
        switch (order)
        {
            case Enlist enlist when Job.Length == 0:
                (Job, Phase, _loaded) = (enlist.Job, "loading", cluster.Time + cluster.Delay(2));
                break;
            case Start start when isAbove:
                Enter(start);
                break;
            case Hold:
                HoldAsked = true;
                break;
            case Fence when Phase is not "loading":
                Phase = "fenced";
                break;
            case Save save when _save is null && Phase is "training" or "held" or "finished":
                (_save, _saved) = (save, cluster.Time + cluster.Delay(1));
                break;
            case Release:
                cluster.AssertNotNeeded(this);
                (Job, Phase, Generation, Committed, _authority, _save) = ("", "", null, 0, new Generation(), null);
                _held.Clear();
                break;
        }

        Speak(order as Fence);
    }

    private void Enter(Start start)
    {
        cluster.AssertMayStart(start);
        (Generation, Phase, HoldAsked, _reportedStart) = (start, "entering", false, false);
        var from = start.FromItem - 1;
        _held.RemoveAll(item => item > from);
        Committed = Math.Max(Committed, Math.Min(from, Applied));
    }

    /// <summary>Time passes.</summary>
    public void Live()
    {
        if (!IsUp || Job.Length == 0)
        {
            return;
        }

        if (Phase == "loading" && cluster.Time >= _loaded)
        {
            Phase = "standby";
            Speak(null);
        }

        if (Phase == "entering")
        {
            TryEnter();
        }

        if (Phase == "training")
        {
            Train();
        }

        if (_save is { } save && cluster.Time >= _saved && Phase is "training" or "held" or "finished")
        {
            _save = null;
            var state = State(Committed);
            Say(new WorkerReport
            {
                Saved = new Saved
                {
                    Id = save!.Id,
                    State = state,
                    WeightsPath = save.Kind == Save.Types.Kind.Result ? "/w" : "",
                    WeightsSha256 = save.Kind == Save.Types.Kind.Result ? $"{Committed}" : "",
                    Checkpoint = save.Kind == Save.Types.Kind.Checkpoint ? new Checkpoint { Id = save.Id, State = state, Folder = save.Folder } : null,
                },
            });
        }

        if (cluster.Time - _said >= TimeSpan.FromSeconds(1))
        {
            Speak(null);
        }
    }

    private void TryEnter()
    {
        var from = Generation!.FromItem - 1;
        if (!Holds(from))
        {
            var holder = Generation.Holders.Select(holder => cluster.Life(holder.Incarnation)).FirstOrDefault(holder => holder is { IsUp: true } && holder.Holds(from));
            if (holder is null && Generation.Checkpoint?.State.Item != from)
            {
                Phase = "broken";
                Say(new WorkerReport { Failure = new Failure { Kind = Failure.Types.Kind.State, Message = "no holder", Item = from + 1 } });
                return;
            }

            _held.Clear();
            _held.Add(from);
        }

        Committed = Math.Max(Committed, from);
        var peers = Peers().ToList();
        if (peers.TrueForAll(peer => peer is { IsUp: true } && IsTogetherWith(peer) && peer.Phase is "entering" or "training" or "held" or "finished" && peer.Holds(from)))
        {
            Phase = "training";
        }

        foreach (var (index, peer) in peers.Index().Where(entry => entry.Item is null or { IsAlive: false }))
        {
            LoseLink(Generation.Assignment.Members[index].Worker, opened: false);
        }

        if (Phase == "training" && !_reportedStart)
        {
            _reportedStart = true;
            Say(new WorkerReport { Started = new Started() });
        }
    }

    // Apply k + 1 needs everybody at k and k committed; rank 0 commits what all have applied; the others hear of it sooner or later.
    private void Train()
    {
        var peers = Peers().ToList();
        if (peers.FindIndex(peer => peer is null || !peer.IsAlive || IsTogetherWith(peer) && peer.Phase == "broken") is >= 0 and var gone && cluster.Happens(0.3))
        {
            LoseLink(Generation!.Assignment.Members[gone].Worker, opened: true);
            return;
        }

        var all = peers.TrueForAll(peer => peer is not null && IsTogetherWith(peer));
        if (all && peers.TrueForAll(peer => peer!.Applied >= Applied && peer.Phase != "fenced") && Generation!.Rank == 0 && Committed < Applied)
        {
            cluster.CommitItem(Applied);
            Committed = Applied;
            Say(new WorkerReport { Step = new StepReport { Progress = new Protos.Progress { Step = Committed }, Committed = State(Committed) } });
        }
        else if (all && Generation!.Rank > 0 && cluster.Happens(0.8))
        {
            Committed = Math.Max(Committed, Math.Min(Applied, peers[0]!.Committed));
        }

        if (Committed == Applied && Applied == cluster.Items)
        {
            Phase = "finished";
            Speak(null);
        }
        else if (all && Committed == Applied && Stops(peers!))
        {
            Phase = "held";
            Speak(null);
        }
        else if (all && Committed == Applied && peers.TrueForAll(peer => peer!.Applied >= Applied && peer.Phase == "training") && cluster.Happens(0.7))
        {
            _held.Add(Applied + 1);
            _held.RemoveAll(item => item < Applied - 1);
        }
    }

    // After the item that everybody applies: nobody is ahead, and whoever has stopped has stopped here.
    private bool Stops(List<SimulatedWorker> peers) =>
        peers.Exists(peer => peer.HoldAsked) && peers.TrueForAll(peer => peer.Applied == Applied) && peers[0].Committed == Applied;

    private void LoseLink(string peer, bool opened)
    {
        if (peer != name)
        {
            Phase = "broken";
            Say(new WorkerReport { LinkLost = new LinkLost { Peer = peer, Opened = opened, Item = Applied + 1, Message = "reset" } });
        }
    }

    private IEnumerable<SimulatedWorker?> Peers() => Generation!.Assignment.Members.Select(member => cluster.Life(member.Incarnation));

    private bool IsTogetherWith(SimulatedWorker peer) => peer.Generation is { } other && Compare(other.Generation, Generation!.Generation) == 0 && peer.Phase != "fenced";

    private void Speak(Fence? fence)
    {
        _said = cluster.Time;
        var held = _held.Count == 0 ? [] : _held.Select(State).ToList();
        Say(Phase switch
        {
            "standby" => new WorkerReport { Standby = new Standby { Held = { held }, Committed = Committed } },
            "held" => new WorkerReport { Held = new Held { State = State(Committed) } },
            "finished" => new WorkerReport { Finished = new Finished { State = State(Committed) } },
            "fenced" => new WorkerReport
            {
                Fenced = new Fenced
                {
                    Held = { held },
                    Committed = Committed,
                    Finished = Committed == cluster.Items,
                    Fence = fence?.Generation ?? _authority,
                    Linked = { Generation is null ? [] : Generation.Assignment.Members.Where(member => cluster.LinksAreStale || cluster.Life(member.Incarnation)?.IsAlive == true).Select(member => member.Worker) },
                },
            },
            _ => new WorkerReport { Alive = new Alive { Phase = Phase, Committed = Committed, IsLinked = Phase == "training", EpochsClosed = Committed == cluster.Items ? 1u : 0, ShardSeconds = 0.001 * (1 + name[^1] % 3) } },
        });
        if (Generation?.Rank == 0 && Committed == cluster.Items && Phase is "finished" or "held" or "training")
        {
            Say(new WorkerReport { Epoch = new EpochReport { Summary = Samples.Epoch(1), Step = cluster.Items, Item = cluster.Items } });
        }
    }

    private void Say(WorkerReport report, string? job = null)
    {
        (report.Job, report.Worker, report.Incarnation, report.Generation) = (job ?? Job, name, Incarnation, Generation?.Generation ?? new Generation());
        cluster.Send(report, Path);
    }

    private static StateId State(ulong item) => new() { Item = item, Hash = item, Step = item, Samples = 3 * item };

    private static int Compare(Generation left, Generation right) => (left.Term, left.Number).CompareTo((right.Term, right.Number));
}
