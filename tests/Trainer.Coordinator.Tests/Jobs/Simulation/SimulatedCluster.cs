using Google.Protobuf;
using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Scheduling;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Simulation;

/// <summary>A job, its entity, a scheduler and workers in one thread, on a clock of its own; messages are late, come twice, or never.</summary>
internal sealed class SimulatedCluster
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(0.05);

    private readonly Random _random;
    private readonly List<(TimeSpan At, Action Deliver)> _network = [];
    private readonly Dictionary<string, SimulatedWorker> _lives = new(StringComparer.Ordinal);
    private readonly JobSettings _settings = new() { ArtifactsFolder = "/artifacts", SharesInterval = TimeSpan.FromSeconds(4), SharesSettle = TimeSpan.FromSeconds(0.5) };
    private readonly HashSet<(ulong, ulong)> _started = [];
    private SchedulerState _scheduler;
    private JobMachine _machine;
    private TimeSpan _status;

    public SimulatedCluster(int seed, int workers, JobSpec spec, ulong items)
    {
        (_random, Items) = (new Random(seed), items);
        _scheduler = new SchedulerState(new SchedulerSettings(), Now);
        Stored = JobMachine.NewRow("j-1", new CreateJob { Spec = spec, RequestId = "r" }, Now);
        _machine = JobMachine.Of(Stored, _settings, ByteString.Empty, Now);
        foreach (var name in Enumerable.Range(0, workers).Select(index => $"w{index}"))
        {
            Begin(name, 1);
        }

        Decide(new Entered(Now));
    }

    /// <summary>Of messages that get lost or come twice.</summary>
    public double Unreliable { get; set; }

    /// <summary>Workers have not come to see the links to the dead close when they are fenced.</summary>
    public bool LinksAreStale { get; set; }

    public ulong Items { get; }

    public TimeSpan Time { get; private set; }

    public DateTimeOffset Now => Samples.Noon + Time;

    public JobRow Stored { get; private set; }

    public JobMachine Machine => _machine;

    public Dictionary<string, SimulatedWorker> Workers { get; } = new(StringComparer.Ordinal);

    public List<string> Trace { get; } = [];

    /// <summary>The highest item that rank 0 has ever committed.</summary>
    public ulong Highest { get; private set; }

    public SimulatedWorker? Life(string incarnation) => _lives.GetValueOrDefault(incarnation);

    public bool Happens(double probability) => _random.NextDouble() < probability;

    public int Pick(int below) => _random.Next(below);

    public TimeSpan Delay(double most) => TimeSpan.FromSeconds(_random.NextDouble() * most);

    public void CommitItem(ulong item) => Highest = Math.Max(Highest, item);

    public void Begin(string name, int life)
    {
        var worker = new SimulatedWorker(name, life, this);
        (Workers[name], _lives[worker.Incarnation]) = (worker, worker);
        Trace.Add($"{Time}: {worker.Incarnation} begins");
    }

    /// <param name="comesBack">Its supervisor starts it again.</param>
    public void Kill(string name, bool comesBack = true)
    {
        var worker = Workers[name];
        worker.IsAlive = false;
        Trace.Add($"{Time}: {worker.Incarnation} dies");
        if (comesBack)
        {
            var life = int.Parse(worker.Incarnation.AsSpan(0, 4), System.Globalization.CultureInfo.InvariantCulture) + 1;
            _network.Add((Time + TimeSpan.FromSeconds(0.2) + Delay(2), () => Begin(name, life)));
        }

        var address = worker.Path[..^"/user/agent".Length];
        _network.Add((Time + Delay(0.1), () => Decide(new ConnectionChanged(Now, address, Open: false))));
    }

    /// <summary>The coordinator dies; another entity takes the row.</summary>
    public void RestartEntity()
    {
        Stored = Stored with { Term = Stored.Term + 1 };
        _machine = JobMachine.Of(Stored, _settings, ByteString.Empty, Now);
        _scheduler = new SchedulerState(new SchedulerSettings(), Now);
        Trace.Add($"{Time}: a new entity, term {Stored.Term}");
        Decide(new Entered(Now));
    }

    public void Pass(double seconds, Func<bool>? until = null)
    {
        for (var end = Time + TimeSpan.FromSeconds(seconds); Time < end && until?.Invoke() != true;)
        {
            Time += Tick;
            foreach (var message in _network.Where(message => message.At <= Time).ToList())
            {
                _network.Remove(message);
                message.Deliver();
            }

            foreach (var worker in Workers.Values.ToList())
            {
                worker.Live();
            }

            if (Time - _status >= TimeSpan.FromSeconds(0.5))
            {
                _status = Time;
                foreach (var worker in Workers.Values.Where(worker => worker.IsUp))
                {
                    Do(_scheduler.Hear(worker.Status(), Now));
                }

                Do(_scheduler.Tick(Now));
            }

            Decide(new Ticked(Now));
        }
    }

    public void Request(JobRequest request) => Decide(request);

    public void Drain(string worker, bool undo) => Do(_scheduler.Drain(new DrainWorker { Worker = worker, Undo = undo }, Now));

    /// <summary>From a worker to the entity.</summary>
    public void Send(WorkerReport report, string path)
    {
        var copy = report.Clone();
        Post(() => Decide(new Reported(Now, copy, path)));
    }

    /// <summary>What is started begins with the highest committed item that anybody alive and reachable holds, and every holder that is named holds it.</summary>
    public void AssertMayStart(Start start)
    {
        var from = start.FromItem - 1;
        Assert.True(from == 0 || start.Holders.Count > 0 || start.Checkpoint?.State.Item == from, $"Nobody holds item {from} of {start.Generation}.");
        Assert.Equal(from, start.State.Item);
    }

    // Who is named as a holder holds the state, and whoever is told to go on knows of no later one.
    private void AssertHeld(Start start)
    {
        if (!_started.Add((start.Generation.Term, start.Generation.Number)))
        {
            return;
        }

        var from = start.FromItem - 1;
        Assert.All(start.Holders.Select(holder => Life(holder.Incarnation)!).Where(life => life.IsAlive), life => Assert.True(life.Holds(from), $"{life.Incarnation} does not hold {from}"));
        Assert.All(
            start.Assignment.Members.Select(member => Life(member.Incarnation)!).Where(life => life.IsAlive && life.Job.Length > 0),
            life => Assert.True(life.Committed <= from, $"{life.Incarnation} knows {life.Committed} to be committed, and is told to go on from {from}"));
    }

    /// <summary>A worker that lets go is not the last to hold what the row needs.</summary>
    public void AssertNotNeeded(SimulatedWorker leaver)
    {
        var needed = Stored.Committed.Item;
        if (!Stored.HasEnded && needed > 0 && leaver.Holds(needed))
        {
            Assert.True(
                Stored.Checkpoints.Exists(checkpoint => checkpoint.State.Item == needed) || Workers.Values.Any(worker => worker != leaver && worker.IsAlive && worker.Holds(needed))
                    || !Workers.Values.Any(worker => worker.Holds(needed) && worker != leaver && worker.IsAlive) && Stored.Assignment?.Members.All(member => member.Incarnation != leaver.Incarnation) == true,
                $"{leaver.Incarnation} held item {needed} alone.");
        }
    }

    private void Decide(JobEvent e)
    {
        var (next, actions) = _machine.Decide(e);
        if (Generations.Compare(next.Row.Generation, _machine.Row.Generation) < 0)
        {
            Assert.Fail($"Generation {next.Row.Generation} follows {_machine.Row.Generation}.");
        }

        if (Generations.Compare(next.Row.Generation, _machine.Row.Generation) > 0)
        {
            Assert.Equal(next.Row.Journal[^1].FromItem - 1, next.Row.Journal.Aggregate(0ul, (sum, entry) => sum + entry.Items)); // The journal tells what led here.
        }

        if (next.Phase.GetType() != _machine.Phase.GetType() || next.Row.State != _machine.Row.State)
        {
            Trace.Add($"{Time}: {e.GetType().Name}: {next.Phase.GetType().Name} {next.Row.Generation.Term}.{next.Row.Generation.Number} from {next.Row.Committed.Item} {next.Row.State} {next.Row.Message}");
        }

        _machine = next;
        foreach (var action in actions)
        {
            Do(action);
        }
    }

    private void Do(JobAction action)
    {
        switch (action)
        {
            case SaveRow save:
                Assert.Equal(Stored.Term, save.Row.Term);
                Stored = save.Row;
                break;
            case Order order when _lives.Values.FirstOrDefault(life => life.Path == order.ActorPath) is { } worker:
                if (order.Message is Start start)
                {
                    Assert.Equal(Stored.Generation, start.Generation); // Stored before it is sent.
                    AssertHeld(start);
                }

                Post(() =>
                {
                    if (worker.IsUp)
                    {
                        worker.Obey(((IMessage)order.Message).Clone());
                    }
                });
                break;
            case TellScheduler { Message: JobWanted wanted }:
                Do(_scheduler.Hear(wanted, Now));
                break;
            case TellScheduler { Message: JobSettled settled }:
                Do(_scheduler.Hear(settled, Now));
                break;
            case BeginAnew anew:
                Assert.Fail($"Nobody took term {anew.HeardTerm}.");
                break;
        }
    }

    private void Do(SchedulerDecision decision)
    {
        _scheduler = decision.Next;
        foreach (var message in decision.Messages)
        {
            var target = message.Target.Clone();
            _network.Add((Time, () => Decide(new Targeted(Now, target))));
        }
    }

    private void Post(Action deliver)
    {
        for (var copies = Happens(Unreliable) ? 0 : Happens(Unreliable) ? 2 : 1; copies > 0; copies--)
        {
            _network.Add((Time + Delay(Happens(Unreliable) ? 1 : 0.02), deliver));
        }
    }
}

internal static class Messages
{
    public static IMessage Clone(this IMessage message) => message.Descriptor.Parser.ParseFrom(message.ToByteArray());
}
