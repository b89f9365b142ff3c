using System.Threading.Channels;
using Akka.Actor;
using Google.Protobuf;
using Trainer.Hosting.Cluster;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests;

/// <summary>A process with a worker as a coordinator sees it: a cluster member whose agent says what the test wants and keeps what it is ordered.</summary>
internal sealed class FakeNode : IAsyncDisposable
{
    private readonly string _name;
    private readonly string _incarnation = Guid.NewGuid().ToString();
    private readonly Channel<IMessage> _orders = Channel.CreateUnbounded<IMessage>();
    private readonly ActorSystem _system;
    private readonly IActorRef _agent;
    private volatile Start? _serving;

    public FakeNode(string name, string seed)
    {
        _name = name;
        var options = new ClusterOptions { Role = ClusterNames.WorkerRole, Host = "127.0.0.1", Seeds = [seed], Overrides = TestCoordinator.QuickCluster };
        _system = ClusterSystem.Create(options);
        var (jobs, scheduler) = (ClusterActors.StartJobsProxy(_system), ClusterActors.StartSchedulerProxy(_system));
        _agent = _system.ActorOf(Props.Create(() => new Agent(this, jobs, scheduler)), ClusterNames.Agent);
        ClusterSystem.Join(_system, options.Seeds);
    }

    /// <summary>The next order of type T; others before it are passed over.</summary>
    public async Task<T> OrderedAsync<T>()
        where T : IMessage
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            if (await _orders.Reader.ReadAsync(patience.Token) is T order)
            {
                return order;
            }
        }
    }

    /// <summary>Takes the next Start and says that it serves it and has started.</summary>
    public async Task<Start> StartAsync()
    {
        var start = await OrderedAsync<Start>();
        _serving = start;
        Report(new WorkerReport { Started = new Started { Device = "fake" } });
        return start;
    }

    /// <summary>Closes all epochs of the job.</summary>
    public void Train()
    {
        for (var epoch = 1u; epoch <= _serving!.Spec.Training.Epochs; epoch++)
        {
            Report(new WorkerReport { Step = new StepReport { Progress = new Progress { Step = epoch, Epoch = epoch } } });
            Report(new WorkerReport { Epoch = new EpochReport { Summary = Samples.Epoch(epoch) } });
        }
    }

    public void Finish() => Report(new WorkerReport
    {
        Finished = new Finished { WeightsHash = "hash", WeightsPath = _serving!.Rank == 0 ? _serving.Artifacts + "/model.safetensors" : "", WeightsSha256 = _serving.Rank == 0 ? "sum" : "" },
    });

    public async Task ReleaseAsync()
    {
        await OrderedAsync<Release>();
        _serving = null;
    }

    /// <summary>Does what a node does when it joins anew: serves on, from another process address.</summary>
    public void ServeOn(Start start) => _serving = start;

    public void Report(WorkerReport report)
    {
        (report.Job, report.Worker, report.Incarnation, report.Generation) = (_serving!.Job, _name, _serving.Assignment.Members[(int)_serving.Rank].Incarnation, _serving.Generation);
        _agent.Tell(report);
    }

    /// <summary>As kill -9 would.</summary>
    public Task CrashAsync() => ((Akka.Remote.RemoteActorRefProvider)((ExtendedActorSystem)_system).Provider).Transport.Shutdown();

    public async ValueTask DisposeAsync() => await _system.Terminate();

    private sealed class Agent : ReceiveActor, IWithTimers
    {
        public Agent(FakeNode node, IActorRef jobs, IActorRef scheduler)
        {
            var path = Self.Path.ToStringWithAddress(ClusterSystem.SelfAddress(Context.System));
            Receive<WorkerReport>(report => jobs.Tell(new JobEnvelope { Job = report.Job, Report = report }));
            Receive<string>(_ =>
            {
                scheduler.Tell(new WorkerStatus
                {
                    Worker = node._name,
                    Incarnation = node._incarnation,
                    Node = "fake",
                    Host = "host",
                    ActorPath = path,
                    Device = "fake",
                    DeviceKind = "cpu",
                    Threads = 1,
                    Numerics = "v1",
                    Protocol = ClusterProtocol.Version,
                    Job = node._serving?.Job ?? "",
                });
                if (node._serving is not null)
                {
                    node.Report(new WorkerReport { Alive = new Alive { Step = 1 } });
                }
            });
            Receive<IMessage>(order => node._orders.Writer.TryWrite(order));
        }

        public ITimerScheduler Timers { get; set; } = null!;

        protected override void PreStart() => Timers.StartPeriodicTimer("status", "status", TimeSpan.Zero, TimeSpan.FromMilliseconds(200));
    }
}
