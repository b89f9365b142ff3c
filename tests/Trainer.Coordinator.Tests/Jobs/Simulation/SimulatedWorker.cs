using Google.Protobuf;
using Trainer.Node.Links;
using Trainer.Node.States;
using Trainer.Node.Worker;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Simulation;

/// <summary>One life of a worker: the real decisions and the real ledger; what they decide is carried out in simulated time.</summary>
internal sealed class SimulatedWorker
{
    private readonly SimulatedCluster _cluster;
    private WorkerMachine _machine;
    private StateLedger? _ledger;

    public SimulatedWorker(string name, int life, SimulatedCluster cluster)
    {
        (Name, Incarnation, _cluster) = (name, $"{life:d4}-{name}", cluster);
        _machine = new WorkerMachine(name, Incarnation);
        SayStatus();
        Live();
    }

    public string Name { get; }

    public string Incarnation { get; }

    public string Path => $"akka.tcp://trainer@{Incarnation}:1/user/agent";

    public bool IsAlive { get; set; } = true;

    public TimeSpan HangsUntil { get; set; }

    public bool IsUp => IsAlive && HangsUntil <= _cluster.Time;

    public string Job => _machine.Job;

    public WorkerPhase Phase => _machine.Phase;

    public GenerationNumber Fenced { get; private set; }

    public SimulatedMembership? Membership { get; private set; }

    public HeldState? Current => _ledger?.Current;

    public ulong Committed => _ledger?.Committed ?? 0;

    private Vitals Now => _ledger is null
        ? Vitals.None
        : new Vitals(Membership?.Item ?? 0, Membership?.Item ?? 0, Committed, Committed >= _cluster.Items ? [Samples.Epoch(1)] : [], AtRest: true)
        {
            Speed = (0.001 * (1 + Name[^1] % 3), 0),
        };

    public static HeldState State(ulong item) => new(item, (item + 1) * 0x9E3779B97F4A7C15, item, 3 * item);

    /// <summary>It is in the state after the item, or can flip back to it.</summary>
    public bool Holds(ulong item) => IsAlive && _ledger is not null && (item == 0 || _ledger.Fence(default).Held.Any(held => held.Item == item));

    public bool IsServedBy(StateLedger ledger) => _ledger == ledger;

    public void Obey(IMessage order)
    {
        var (job, generation) = order switch
        {
            Start start => (start.Job, start.Generation),
            Fence fence => (fence.Job, fence.Generation),
            _ => ("", null),
        };
        var isFinal = generation is not null && _machine.IsObeyed(job, generation);
        var ordered = new Ordered(order, isFinal ? _ledger?.Fence(GenerationNumber.Of(generation)) ?? new LedgerEntry([], 0) : null);
        Decide(ordered);
        _cluster.Promises.ARepeatedOrderChangesNothing(_machine, ordered, Now);
    }

    public void Decide(WorkerEvent e)
    {
        var before = _machine;
        (_machine, var actions) = before.Decide(e, Now);
        foreach (var action in actions)
        {
            Do(action);
        }
    }

    public void Die()
    {
        IsAlive = false;
        if (!_cluster.LinksAreStale)
        {
            Membership?.Leave();
        }
    }

    private void Do(WorkerAction action)
    {
        switch (action)
        {
            case Say say:
                Fenced = say.Report.Fenced is { } fenced ? GenerationNumber.Of(fenced.Fence) : Fenced;
                _cluster.Send(say.Report, Path);
                break;
            case Node.Worker.SayStatus:
                SayStatus();
                break;
            case BeginJob:
                (_ledger, Fenced) = (new StateLedger(), default);
                After(2, () => Decide(new JobLoaded()));
                break;
            case EnterGeneration enter:
                Enter(enter.Order);
                break;
            case BeginTraining:
                Membership!.Train();
                break;
            case LeaveGeneration:
                Membership?.Leave();
                Membership = null;
                break;
            case HoldGeneration:
                Membership!.Hold();
                break;
            case SaveState save:
                Save(save.Order, Current, _cluster.Time + TimeSpan.FromSeconds(5));
                break;
            case Node.Worker.EndJob:
                EndJob();
                break;
            case SayLeft:
                _cluster.Kill(Name);
                break;
        }
    }

    private void Enter(Start start)
    {
        Membership?.Leave();
        _cluster.Promises.GenerationsOnlyGrow(this, Membership?.Number, start);
        _cluster.Promises.NobodyGoesBackBehindWhatItKnows(this, start);
        Membership = new SimulatedMembership(_cluster, this, start, _ledger!);
        Membership.Enter();
    }

    private void EndJob()
    {
        Membership?.Leave();
        Membership = null;
        _cluster.Promises.NoStateIsDroppedBeforeItsDismissal(this);
        _ledger = null;
        After(0.5, () => Decide(new DriverOver()));
    }

    // What is written counts once it is committed.
    private void Save(Save order, HeldState? state, TimeSpan patience) => After(1, () =>
    {
        if (state is not { } held || _ledger is null || _cluster.Time >= patience)
        {
            Decide(new SaveAnswered(order.Id, new SaveFailed { Id = order.Id, Message = "never committed" }));
        }
        else if (Committed < held.Item)
        {
            Save(order, state, patience);
        }
        else
        {
            Decide(new SaveAnswered(order.Id, Saved(order, held)));
        }
    });

    private Saved Saved(Save order, HeldState held)
    {
        var isResult = order.Kind == Protos.Cluster.Save.Types.Kind.Result;
        _cluster.Forget(order.Forget);
        if (isResult)
        {
            return new Saved { Id = order.Id, State = held.ToMessage(), WeightsPath = "/w", WeightsSha256 = $"{held.Hash}" };
        }

        _cluster.Disk[order.Folder] = held;
        return new Saved { Id = order.Id, State = held.ToMessage(), Checkpoint = new Checkpoint { Id = order.Id, State = held.ToMessage(), Folder = order.Folder } };
    }

    private void Live() => _cluster.At(_cluster.Time + TimeSpan.FromSeconds(1), this, () =>
    {
        Decide(new Ticked());
        SayStatus();
        Live();
    });

    private void SayStatus() => _cluster.Send(new WorkerStatus
    {
        Worker = Name,
        Incarnation = Incarnation,
        Node = Incarnation,
        Host = "host",
        ActorPath = Path,
        DeviceKind = "cpu",
        Numerics = "v1",
        LinkEndpoints = { "unix:/" + Incarnation },
        Job = Job,
        Leaving = _machine.IsLeaving,
    });

    private void After(double most, Action action) => _cluster.At(_cluster.Time + _cluster.Delay(most), this, action);
}
