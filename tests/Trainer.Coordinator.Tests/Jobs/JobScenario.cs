using Google.Protobuf;
using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Store;
using Trainer.Kernels.Canonical;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs;

/// <summary>Drives a <see cref="JobMachine"/> through events on a clock of its own and keeps what it wanted done.</summary>
internal sealed class JobScenario
{
    public static readonly JobSettings Settings = new() { ArtifactsFolder = "/artifacts" };

    public JobScenario(JobSpec? spec = null) =>
        Enter(JobMachine.NewRow("j-1", new CreateJob { Spec = spec ?? Samples.Spec(), RequestId = "r" }, Samples.Noon));

    public JobScenario(JobRow row) => Enter(row);

    public JobMachine Machine { get; private set; } = null!;

    public DateTimeOffset Now { get; private set; } = Samples.Noon;

    /// <summary>What the last event led to.</summary>
    public IReadOnlyList<JobAction> Actions { get; private set; } = [];

    /// <summary>The row as last stored.</summary>
    public JobRow Stored { get; private set; } = null!;

    public JobRow Row => Machine.Row;

    public string Reason => Row.Transitions[^1].Reason;

    public IEnumerable<(string To, T Message)> Orders<T>()
        where T : IMessage =>
        Actions.OfType<Order>().Where(order => order.Message is T).Select(order => (order.ActorPath, (T)order.Message));

    public IEnumerable<T> Told<T>()
        where T : IMessage => Actions.OfType<TellScheduler>().Select(tell => tell.Message).OfType<T>();

    public JobScenario Grant(params string[] workers) =>
        Apply(new Granted(Now, [.. workers.Select(worker => Worker(worker))], ByteString.CopyFromUtf8("secret")));

    public JobScenario Explain(string message) => Apply(new WaitExplained(Now, message));

    public JobScenario Started(params string[] workers) => Each(workers, new WorkerReport { Started = new Started { Device = "cpu" } });

    /// <summary>Granted and running.</summary>
    public JobScenario Running(params string[] workers) => Grant(workers).Started(workers);

    public JobScenario Alive(params string[] workers) => Each(workers, new WorkerReport { Alive = new Alive { Step = 1 } });

    public JobScenario Step(string worker, ulong step) =>
        Report(worker, new WorkerReport { Step = new StepReport { Progress = new Progress { Step = step, TotalSteps = 705 } } });

    public JobScenario Epoch(string worker, uint epoch, double testAccuracy = 0.5) =>
        Report(worker, new WorkerReport { Epoch = new EpochReport { Summary = Samples.Epoch(epoch, testAccuracy), Step = 235 * epoch } });

    public JobScenario Finished(string worker, string hash = "h", string sha256 = "") =>
        Report(worker, new WorkerReport { Finished = new Finished { WeightsHash = hash, Step = 705, WeightsPath = sha256.Length > 0 ? "/w" : "", WeightsSha256 = sha256, Input = { 3, 5, 7 }, Classes = 11 } });

    public JobScenario LinkLost(string reporter, string peer, ulong step, string message = "connection reset") =>
        Report(reporter, new WorkerReport { LinkLost = new LinkLost { Peer = peer, Step = step, Message = message } });

    public JobScenario Failure(string worker, ulong step, string message, bool notFinite = false) =>
        Report(worker, new WorkerReport { Failure = new Failure { Step = step, Message = message, NotFinite = notFinite } });

    public JobScenario Busy(string worker, string job) => Report(worker, new WorkerReport { Busy = new Busy { Job = job } });

    public JobScenario Report(string worker, WorkerReport report, string? sender = null)
    {
        report.Job = "j-1";
        report.Worker = worker;
        report.Incarnation = report.Incarnation.Length > 0 ? report.Incarnation : worker + "-life";
        report.Generation ??= Row.Generation;
        return Apply(new Reported(Now, report, sender ?? Path(worker)));
    }

    public JobScenario Closed(string worker) => Apply(new ConnectionChanged(Now, Path(worker)[..^"/user/agent".Length], Open: false));

    public JobScenario Opened(string worker) => Apply(new ConnectionChanged(Now, Path(worker)[..^"/user/agent".Length], Open: true));

    public JobScenario Missed(string worker, string incarnation) =>
        Apply(new Missed(Now, new WorkerLost { Job = "j-1", Worker = worker, Incarnation = incarnation, Reason = "no status for 5 s" }));

    public JobScenario Cancel(string etag = "") => Apply(new CancelRequested(Now, etag));

    /// <summary>Time passes in ticks; stops early when a tick leads to anything and <paramref name="stop"/> says so.</summary>
    public JobScenario Pass(double seconds, Func<bool>? stop = null)
    {
        var end = Now.AddSeconds(seconds);
        while (Now < end && stop?.Invoke() != true)
        {
            Now += Settings.Tick;
            Apply(new Ticked(Now));
        }

        return this;
    }

    /// <summary>Time passes without a tick: this process stood still.</summary>
    public JobScenario StandStill(double seconds)
    {
        Now = Now.AddSeconds(seconds);
        return Apply(new Ticked(Now));
    }

    /// <summary>A new entity on what was stored.</summary>
    public JobScenario Restart()
    {
        Enter(Stored with { Term = Stored.Term + 1 });
        return this;
    }

    public static string Path(string worker) => $"akka.tcp://trainer@{worker}:1/user/agent";

    public static WorkerStatus Worker(string worker, string host = "host", string numerics = "v1") => new()
    {
        Worker = worker,
        Incarnation = worker + "-life",
        Node = worker + ":1",
        Host = host,
        ActorPath = Path(worker),
        Numerics = numerics,
        LinkEndpoints = { "unix:/" + worker },
    };

    private JobScenario Each(string[] workers, WorkerReport report)
    {
        foreach (var worker in workers)
        {
            Report(worker, report.Clone());
        }

        return this;
    }

    private void Enter(JobRow row)
    {
        Stored = row;
        Machine = JobMachine.Of(row, Settings, Now);
        Apply(new Entered(Now));
    }

    private JobScenario Apply(JobEvent e)
    {
        (Machine, Actions) = Machine.Decide(e);
        foreach (var save in Actions.OfType<Save>())
        {
            Assert.Equal(Stored.Version + (e is WaitExplained || Row.UnknownFields.Length > 0 && !Row.HasEnded ? 0 : 1), save.Row.Version);
            Stored = save.Row;
        }

        return this;
    }
}
