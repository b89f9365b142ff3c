using Google.Protobuf;
using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Phases;

/// <summary>A <see cref="JobMachine"/> alone: a test tells it what happens and reads what it wants done. Its workers' lives are "1-NAME" unless the test says otherwise.</summary>
internal sealed class JobRig
{
    private readonly JobSettings _settings;
    private DateTimeOffset _now = Samples.Noon;

    public JobRig(JobSpec? spec = null, Func<JobSettings, JobSettings>? tune = null, JobRow? row = null)
    {
        var settings = new JobSettings { Artifacts = "/artifacts" };
        _settings = tune?.Invoke(settings) ?? settings;
        var create = new CreateJob { Spec = spec ?? Samples.Spec(), RequestId = "r" };
        Machine = JobMachine.Of(row ?? JobMachine.NewRow("j-1", create, _now), _settings, ByteString.Empty, _now);
        Decide(new Entered(_now));
    }

    public JobMachine Machine { get; private set; }

    /// <summary>Sees what an entity's would see.</summary>
    public JobTracer? Tracer { get; init; }

    public JobRow Row => Machine.Row;

    public JobPhase Phase => Machine.Phase;

    /// <summary>What the last event brought.</summary>
    public IReadOnlyList<JobAction> Actions { get; private set; } = [];

    /// <summary>The last order of a kind that the last event brought each worker.</summary>
    public IReadOnlyDictionary<string, T> Orders<T>()
        where T : IMessage => Actions.OfType<Order>().Where(order => order.Message is T).GroupBy(order => order.ActorPath[(order.ActorPath.LastIndexOf('/') + 1)..])
            .ToDictionary(orders => orders.Key, orders => (T)orders.Last().Message);

    public JobRig Target(params string[] workers) => Decide(new Targeted(_now, new Target { Job = "j-1", Workers = { workers.Select(worker => Status(worker)) } }));

    /// <summary>As <see cref="Target"/>, where a job of priority 7 takes workers of this one.</summary>
    public JobRig Preempt(params string[] workers) =>
        Decide(new Targeted(_now, new Target { Job = "j-1", Workers = { workers.Select(worker => Status(worker)) }, TakenFor = "j-2", TakenForPriority = 7 }));

    public JobRig TargetOf(params WorkerStatus[] workers) => Decide(new Targeted(_now, new Target { Job = "j-1", Workers = { workers } }));

    public JobRig Request(Func<DateTimeOffset, JobRequest> request) => Decide(request(_now));

    public JobRig Disconnect(string worker, bool open = false) => Decide(new ConnectionChanged(_now, $"akka://{worker}", open));

    /// <summary>Time passes in small ticks, in which whoever speaks is heard.</summary>
    public JobRig Pass(double seconds, params string[] alive)
    {
        List<JobAction> all = [];
        for (var end = _now + TimeSpan.FromSeconds(seconds); _now < end;)
        {
            _now += TimeSpan.FromSeconds(0.1);
            Decide(new Ticked(_now));
            all.AddRange(Actions);
            foreach (var worker in alive)
            {
                var phase = Machine.Pool[worker].Phase;
                Alive(worker, phase == WorkerPhase.Fenced ? WorkerPhase.Entering : phase); // In the generation of now, if it is in one.
                all.AddRange(Actions);
            }
        }

        Actions = all;
        return this;
    }

    public JobRig Report(string worker, WorkerReport report, Generation? generation = null, string? life = null)
    {
        var signed = report.Clone();
        (signed.Job, signed.Worker, signed.Incarnation) = ("j-1", worker, life ?? $"1-{worker}");
        signed.Generation = generation ?? (Row.Assignment?.Members.Any(member => member.Worker == worker) == true ? Row.Generation : new Generation());
        return Decide(new Reported(_now, signed, $"akka://{worker}/user/{worker}"));
    }

    public JobRig Alive(string worker, WorkerPhase phase, double shardSeconds = 0, double updateSeconds = 0) => Report(worker, new WorkerReport
    {
        Alive = new Alive { Phase = phase.ToString().ToLowerInvariant(), IsLinked = true, Committed = Machine.Pool.GetValueOrDefault(worker)?.Committed ?? 0, ShardSeconds = shardSeconds, UpdateSeconds = updateSeconds },
    });

    public JobRig Standby(params string[] workers) => Each(workers, worker => Report(worker, new WorkerReport { Standby = new Standby() }, new Generation()));

    public JobRig Started(params string[] workers) => Each(workers, worker => Report(worker, new WorkerReport { Started = new Started() }));

    /// <summary>Rank 0 reports an item as committed.</summary>
    public JobRig Commit(ulong item) => Report(
        Row.Assignment!.Members[0].Worker, new WorkerReport { Step = new StepReport { Progress = new Progress { Step = item, TotalSteps = 100 }, Committed = State(item) } });

    public JobRig Held(ulong item, params string[] workers) => Each(workers, worker => Report(worker, new WorkerReport { Held = new Held { State = State(item) } }));

    public JobRig Finished(ulong item, params string[] workers) =>
        Each(workers, worker => Report(worker, new WorkerReport { Finished = new Finished { State = State(item), Step = item } }));

    public JobRig Fenced(string worker, ulong committed, Action<Fenced>? more = null, params ulong[] held)
    {
        var answer = new Fenced
        {
            Committed = committed,
            Held = { (held.Length > 0 ? held : [committed]).Select(State) },
            Linked = { Row.Assignment?.Members.Select(member => member.Worker).Where(peer => peer != worker) ?? [] },
        };
        more?.Invoke(answer);
        return Report(worker, new WorkerReport { Fenced = answer });
    }

    public JobRig Fail(string worker, Failure.Types.Kind kind, string message = "broke", ulong item = 0, Generation? generation = null) =>
        Report(worker, new WorkerReport { Failure = new Failure { Kind = kind, Message = message, Item = item, Step = item } }, generation);

    /// <summary>Until all train and an item is committed.</summary>
    public JobRig Train(params string[] workers) => Target(workers).Standby(workers).Started(workers).Commit(1);

    public int Shards(string worker) => Row.Assignment!.Members.Single(member => member.Worker == worker).Roots.Sum(root => (int)(root.Hi - root.Lo));

    /// <summary>An epoch has nine items, of which the last one closes it.</summary>
    public static StateId State(ulong item) => new() { Item = item, Hash = item, Step = item - (item / 9), Samples = 3 * item };

    public static WorkerStatus Status(string worker, int life = 1) => new()
    {
        Worker = worker,
        Incarnation = $"{life}-{worker}",
        Host = "host",
        Machine = $"machine of {worker}",
        DeviceName = "cpu",
        ActorPath = $"akka://{worker}/user/{worker}",
        DeviceKind = "cpu",
        Numerics = "v1",
        LinkEndpoints = { "unix:/" + worker },
    };

    private JobRig Each(string[] workers, Action<string> tell)
    {
        List<JobAction> all = [];
        foreach (var worker in workers)
        {
            tell(worker);
            all.AddRange(Actions);
        }

        Actions = all;
        return this;
    }

    private JobRig Decide(JobEvent e)
    {
        var before = Machine;
        (Machine, Actions) = Machine.Decide(e);
        Tracer?.Decided(before, Machine, _now);
        return this;
    }
}
