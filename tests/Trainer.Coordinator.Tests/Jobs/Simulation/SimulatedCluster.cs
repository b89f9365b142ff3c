using Google.Protobuf;
using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Scheduling;
using Trainer.Coordinator.Store;
using Trainer.Node.States;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Simulation;

/// <summary>A job, its entity, a scheduler and workers in one thread, on a clock of its own; messages are late, come twice, or never.</summary>
internal sealed class SimulatedCluster
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(0.1);

    private readonly Random _random;
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private readonly Dictionary<string, SimulatedWorker> _lives = new(StringComparer.Ordinal);
    private readonly List<SimulatedEntity> _entities = [];
    private SchedulerState _scheduler;
    private long _posted;
    private int _happened;

    public SimulatedCluster(int seed, int workers, JobSpec spec, ulong items)
    {
        (_random, Items, Promises) = (new Random(seed), items, new Promises(this));
        _scheduler = new SchedulerState(new SchedulerSettings(), Now);
        Stored = JobMachine.NewRow("j-1", new CreateJob { Spec = spec, RequestId = "r" }, Now);
        foreach (var name in Enumerable.Range(0, workers).Select(index => $"w{index}"))
        {
            Begin(name, 1);
        }

        Enter(Stored);
        Every(Tick, () => _entities.ToList().ForEach(entity => entity.Decide(new Ticked(Now))));
        Every(TimeSpan.FromSeconds(0.25), () => Do(_scheduler.Tick(Now)));
    }

    public Promises Promises { get; }

    /// <summary>Of messages that get lost, or come twice, or late.</summary>
    public double Unreliable { get; set; }

    /// <summary>Workers have not come to see the links to the dead close when they are fenced.</summary>
    public bool LinksAreStale { get; set; }

    /// <summary>The coordinator dies as soon as it has stored something.</summary>
    public bool DiesOnceItStored { get; set; }

    public ulong Items { get; }

    public TimeSpan Time { get; private set; }

    public DateTimeOffset Now => Samples.Noon + Time;

    public JobRow Stored { get; private set; }

    /// <summary>Checkpoints by folder.</summary>
    public Dictionary<string, HeldState> Disk { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, SimulatedWorker> Workers { get; } = new(StringComparer.Ordinal);

    public List<string> Trace { get; } = [];

    public IEnumerable<SimulatedEntity> Entities => _entities;

    public SimulatedWorker? Life(string incarnation) => _lives.GetValueOrDefault(incarnation);

    public bool Happens(double probability) => _random.NextDouble() < probability;

    public TimeSpan Delay(double most) => TimeSpan.FromSeconds(_random.NextDouble() * most);

    // ---------- time

    public void At(TimeSpan at, Action action) => _events.Enqueue(action, (at, _posted++));

    /// <summary>What happens to a worker: never once it is dead, and not while it hangs.</summary>
    public void At(TimeSpan at, SimulatedWorker worker, Action action) => At(at, () =>
    {
        if (worker.IsUp)
        {
            action();
        }
        else if (worker.IsAlive)
        {
            At(worker.HangsUntil, worker, action);
        }
    });

    public void Pass(double seconds, Func<bool>? until = null)
    {
        var end = Time + TimeSpan.FromSeconds(seconds);
        while (until?.Invoke() != true && _events.TryPeek(out _, out var next) && next.At <= end)
        {
            var action = _events.Dequeue();
            Time = next.At > Time ? next.At : Time;
            Promises.TheClusterComesToRest(++_happened);
            action();
        }

        Time = until?.Invoke() == true || Time > end ? Time : end;
    }

    private void Every(TimeSpan interval, Action action) => At(Time + interval, () =>
    {
        action();
        Every(interval, action);
    });

    // ---------- blows

    public void Begin(string name, int life)
    {
        Note($"{life:d4}-{name} begins");
        var worker = new SimulatedWorker(name, life, this);
        (Workers[name], _lives[worker.Incarnation]) = (worker, worker);
    }

    /// <param name="comesBack">Its supervisor starts it again.</param>
    public void Kill(string name, bool comesBack = true)
    {
        var worker = Workers[name];
        worker.Die();
        Note($"{worker.Incarnation} dies");
        if (comesBack)
        {
            var life = int.Parse(worker.Incarnation.AsSpan(0, 4), System.Globalization.CultureInfo.InvariantCulture) + 1;
            At(Time + TimeSpan.FromSeconds(0.2) + Delay(2), () => Begin(name, life));
        }

        var address = worker.Path[..^"/user/agent".Length];
        At(Time + Delay(0.1), () => _entities.ToList().ForEach(entity => entity.Decide(new ConnectionChanged(Now, address, Open: false))));
    }

    /// <summary>The coordinator dies; another entity takes the row.</summary>
    public void RestartEntity(double after = 0)
    {
        _entities.Clear();
        _scheduler = new SchedulerState(new SchedulerSettings(), Now + TimeSpan.FromSeconds(after));
        At(Time + TimeSpan.FromSeconds(after), TakeTerm);
    }

    /// <summary>Another entity takes the row; whoever has it learns of that when it stores something.</summary>
    public void TakeTerm()
    {
        if (!Stored.HasEnded)
        {
            Stored = Stored with { Term = Stored.Term + 1 };
            Note($"a new entity, term {Stored.Term}");
            Enter(Stored);
        }
    }

    public void CutLink(SimulatedWorker worker, int index)
    {
        var links = worker.Membership?.Links.Where(link => link.IsOpen).ToList() ?? [];
        if (links.Count > 0)
        {
            Note($"a link of {worker.Incarnation} closes");
            links[index % links.Count].Close(by: null);
        }
    }

    public void Request(JobRequest request) => _entities.LastOrDefault()?.Decide(request);

    public void Drain(string worker, bool undo) => Do(_scheduler.Drain(new DrainWorker { Worker = worker, Undo = undo }, Now));

    // ---------- messages

    /// <summary>From a worker to whoever counts as the job's entity.</summary>
    public void Send(WorkerReport report, string path)
    {
        var copy = report.Clone();
        Post(() => AnEntity()?.Decide(new Reported(Now, copy, path)));
    }

    /// <summary>From a worker to the scheduler.</summary>
    public void Send(WorkerStatus status) => Post(() => Do(_scheduler.Hear(status, Now)));

    /// <summary>From an entity to a worker.</summary>
    public void Send(Order order)
    {
        if (_lives.Values.FirstOrDefault(life => life.Path == order.ActorPath) is not { } worker)
        {
            return;
        }

        if (order.Message is Start start)
        {
            Promises.AStartIsStoredBeforeItIsSent(start);
            Promises.WhoIsNamedAsAHolderHoldsIt(start);
        }

        Post(() => At(Time, worker, () => worker.Obey(((IMessage)order.Message).Clone())));
    }

    public void Send(TellScheduler tell) => Do(tell.Message is JobWanted wanted ? _scheduler.Hear(wanted, Now) : _scheduler.Hear((JobSettled)tell.Message, Now));

    /// <summary>False: another entity has taken the row.</summary>
    public bool Save(JobRow row)
    {
        if (row.Term != Stored.Term)
        {
            return false;
        }

        Promises.GenerationsOnlyGrow(Stored, row);
        Promises.EveryTransitionIsCountedFromZero(row);
        if (Generations.Compare(row.Generation, Stored.Generation) > 0)
        {
            Promises.EveryItemCountsOnce(row, row.Journal[^1].FromItem - 1);
        }

        Stored = row;
        return true;
    }

    public void Remove(SimulatedEntity entity) => _entities.Remove(entity);

    public void Forget(IEnumerable<string> folders) => folders.ToList().ForEach(folder => Disk.Remove(folder));

    public void Note(string text) => Trace.Add($"{Time.TotalSeconds:0.00}: {text}");

    // Where two take themselves for it, nobody knows which of them a message reaches.
    private SimulatedEntity? AnEntity() => _entities.Count > 0 ? _entities[_random.Next(_entities.Count)] : null;

    private void Enter(JobRow row)
    {
        var entity = new SimulatedEntity(this, row);
        _entities.Add(entity);
        entity.Decide(new Entered(Now));
    }

    private void Do(SchedulerDecision decision)
    {
        _scheduler = decision.Next;
        foreach (var message in decision.Messages)
        {
            var target = message.Target.Clone();
            At(Time + Delay(0.02), () => AnEntity()?.Decide(new Targeted(Now, target)));
        }
    }

    private void Post(Action deliver)
    {
        for (var copies = Happens(Unreliable) ? 0 : Happens(Unreliable) ? 2 : 1; copies > 0; copies--)
        {
            At(Time + Delay(Happens(Unreliable) ? 1 : 0.02), deliver);
        }
    }
}

internal static class Messages
{
    public static IMessage Clone(this IMessage message) => message.Descriptor.Parser.ParseFrom(message.ToByteArray());
}
