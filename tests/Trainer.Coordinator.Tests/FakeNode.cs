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
    private const int Patience = 300;

    private readonly string _name;
    private readonly string _incarnation;
    private readonly Channel<IMessage> _orders = Channel.CreateUnbounded<IMessage>();
    private readonly ActorSystem _system;
    private readonly IActorRef _agent;
    private volatile Start? _serving;
    private volatile string _job = "";
    private volatile string _phase = "standby";
    private volatile JobSpec? _spec;
    private volatile bool _serves;
    private int _statuses;

    /// <param name="incarnation">Of a node that joins anew; null: a new life, which compares higher.</param>
    public FakeNode(string name, string seed, string? incarnation = null)
    {
        (_name, _incarnation) = (name, incarnation ?? $"{System.Diagnostics.Stopwatch.GetTimestamp():x16}");
        var options = new ClusterOptions { Role = ClusterNames.WorkerRole, Host = "127.0.0.1", Seeds = [seed], Overrides = TestCoordinator.QuickCluster };
        _system = ClusterSystem.Create(options);
        var (jobs, scheduler) = (ClusterActors.StartJobsProxy(_system), ClusterActors.StartSchedulerProxy(_system));
        _agent = _system.ActorOf(Props.Create(() => new Agent(this, jobs, scheduler)), ClusterNames.Agent);
        ClusterSystem.Join(_system, options.Seeds);
    }

    public string Incarnation => _incarnation;

    public override string ToString() => $"{_name}: job '{_job}', {_phase}, generation {_serving?.Generation}";

    /// <summary>The next order of type T; others before it are passed over.</summary>
    /// <remarks>Its patience is counted in statuses, each of which the scheduler may answer: on a machine that is slow, those are slow as well.</remarks>
    public async Task<T> OrderedAsync<T>()
        where T : IMessage
    {
        var (passed, last) = (new List<string>(), Volatile.Read(ref _statuses) + Patience);
        while (true)
        {
            while (_orders.Reader.TryRead(out var next))
            {
                if (next is T order)
                {
                    return order;
                }

                passed.Add(next.Descriptor.Name);
            }

            Assert.True(Volatile.Read(ref _statuses) < last, $"No {typeof(T).Name} came to node {_name} in {Patience} statuses, but: {string.Join(", ", passed)}.");
            Assert.False(_system.WhenTerminated.IsCompleted, $"The cluster has put node {_name} out, as it does where a machine stands still: no {typeof(T).Name} will come to it.");
            await Task.WhenAny(_orders.Reader.WaitToReadAsync().AsTask(), Task.Delay(TimeSpan.FromSeconds(1)));
        }
    }

    /// <summary>From now on it trains whatever it is given, at once, and keeps no order.</summary>
    public void Serve() => _serves = true;

    /// <summary>Takes the next Start and says that it has started.</summary>
    public async Task<Start> StartAsync()
    {
        var start = await OrderedAsync<Start>();
        Begin(start);
        return start;
    }

    /// <summary>Closes all epochs of the job; every one has two steps and an evaluation.</summary>
    public void Train()
    {
        for (var epoch = 1u; epoch <= _spec!.Training.Epochs; epoch++)
        {
            Report(new WorkerReport { Step = new StepReport { Progress = new Progress { Step = 2 * epoch, Epoch = epoch }, Committed = State(3 * epoch) } });
            Report(new WorkerReport { Epoch = new EpochReport { Summary = Samples.Epoch(epoch), Item = 3 * epoch } });
        }
    }

    /// <summary>From now on it says that the last item is applied, and writes the result when it is told to.</summary>
    public void Finish()
    {
        _phase = "finished";
        SayPhase();
    }

    public async Task ReleaseAsync()
    {
        await OrderedAsync<Release>();
        (_serving, _job) = (null, "");
    }

    /// <summary>Does what a node does when it joins anew: serves on, from another process address.</summary>
    public void ServeOn(Start start, JobSpec? spec = null) => (_job, _spec, _serving, _phase) = (start.Job, spec ?? _spec, start, "training");

    private void Begin(Start start)
    {
        ServeOn(start);
        Report(new WorkerReport { Started = new Started { Device = "fake" } });
    }

    public void Report(WorkerReport report)
    {
        (report.Job, report.Worker, report.Incarnation, report.Generation) = (_job, _name, _incarnation, _serving?.Generation ?? new Generation());
        _agent.Tell(report);
    }

    /// <summary>The state after the last item of the job.</summary>
    private static StateId State(ulong item) => new() { Item = item, Hash = item, Step = item * 2 / 3, Samples = item };

    private StateId Last => State(3 * (_spec?.Training.Epochs ?? 0));

    private void SayPhase() => Report(_phase switch
    {
        "standby" => new WorkerReport { Standby = new Standby() },
        "finished" => new WorkerReport { Finished = new Finished { State = Last } },
        "held" => new WorkerReport { Held = new Held { State = State(1) } },
        _ => new WorkerReport { Alive = new Alive { Step = 1, Phase = _phase, IsLinked = true } },
    });

    // What a worker does of itself; the test decides when it starts, trains and lets go.
    private void Obey(IMessage order)
    {
        switch (order)
        {
            case Enlist enlist:
                (_job, _spec, _phase) = (enlist.Job, enlist.Spec, "standby");
                SayPhase();
                break;
            case Hold:
                _phase = "held";
                SayPhase();
                break;
            case Fence fence:
                Report(new WorkerReport { Fenced = new Fenced { Fence = fence.Generation, Held = { State(1) }, Committed = 1 } });
                break;
            case Save save:
                Report(new WorkerReport
                {
                    Saved = save.Kind == Save.Types.Kind.Result
                        ? new Saved { Id = save.Id, WeightsPath = save.Folder + "/model.safetensors", WeightsSha256 = "sum", State = Last }
                        : new Saved { Id = save.Id, State = State(1), Checkpoint = new Checkpoint { Id = save.Id, Folder = save.Folder, State = State(1) } },
                });
                break;
            case Start start when _serves && start.Job == _job:
                Begin(start);
                Train();
                Finish();
                break;
            case Release release when (_serves || _serving is null) && release.Job == _job:
                (_serving, _job) = (null, "");
                break;
            case Query when _job.Length > 0:
                SayPhase();
                break;
        }

        if (!_serves)
        {
            _orders.Writer.TryWrite(order);
        }
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
                Interlocked.Increment(ref node._statuses);
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
                    Job = node._job,
                    LinkEndpoints = { "unix:/" + node._name },
                });
                if (node._job.Length > 0)
                {
                    node.SayPhase();
                }
            });
            Receive<IMessage>(node.Obey);
        }

        public ITimerScheduler Timers { get; set; } = null!;

        protected override void PreStart() => Timers.StartPeriodicTimer("status", "status", TimeSpan.Zero, TimeSpan.FromMilliseconds(200));
    }
}
