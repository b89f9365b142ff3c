using System.Threading.Channels;
using Akka.Actor;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Files;
using Trainer.Hosting.Metrics;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.Tests.Reduction;
using Trainer.Node.Training;
using Trainer.Node.Worker;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Worker;

/// <summary>Several real workers in one process, linked by real sockets or through memory, and a stand-in for the job entity that hears all they say.</summary>
internal sealed class WorkerGroup : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ActorSystem _system = TrainingSystem.Create();
    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-links-").FullName;
    private readonly Channel<object> _said = Channel.CreateUnbounded<object>();
    private readonly List<object> _unclaimed = [];
    private readonly NodeMetrics _metrics;
    private readonly ArtifactStores _stores = new(() => new S3Access().Connect());
    private readonly ProcessCertificates? _certificates;
    private readonly List<Device> _devices = [];

    /// <param name="reached">What a worker is told of moments, by its number.</param>
    /// <param name="hashed">What it is told of memory.</param>
    /// <param name="files">That jobs may read; null: all.</param>
    /// <param name="tls">Whether links over TCP have certificates.</param>
    /// <param name="memory">Whether they know each other for workers of one process; else they are linked as those of several are.</param>
    public WorkerGroup(
        int workers, int threads = 1, bool unix = true, Func<int, Action<Moment>?>? reached = null, Func<int, MemoryHashed?>? hashed = null, FileRoots? files = null, bool tls = true, bool memory = false)
    {
        var listener = _system.ActorOf(Props.Create(() => new Ear(_said.Writer)));
        _certificates = unix || !tls ? null : Certificates();
        _metrics = new NodeMetrics([.. Enumerable.Range(0, workers).Select(i => $"worker-{i}")]);
        var routes = new LinkRoutes("here", _certificates);
        for (var i = 0; i < workers; i++)
        {
            var device = CpuDevice.Create(threads);
            _devices.Add(device);
            var options = new WorkerOptions($"worker-{i}", $"life-{i}", device, _metrics.Workers[i], NullLogger.Instance)
            {
                Listener = new LinkListener(
                    [unix ? LinkEndpoint.Unix(Path.Combine(_folder, $"{i}.sock")) : LinkEndpoint.Tcp("127.0.0.1", 0)], _certificates, NullLogger.Instance),
                Routes = memory ? routes : new LinkRoutes("here", _certificates),
                Artifacts = _stores,
                AliveInterval = TimeSpan.FromMilliseconds(100),
                Reached = reached?.Invoke(i),
                Hashed = hashed?.Invoke(i),
                Files = files ?? FileRoots.Everything,
            };
            Workers.Add(_system.ActorOf(Props.Create(() => new WorkerActor(options)), options.Name));
            Workers[i].Tell(new WorkerActor.Attach(listener));
        }
    }

    private ProcessCertificates Certificates()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var authority = CertificateAuthority.Create(now, TimeSpan.FromDays(1));
        CertificateFolder.Write(_folder, authority, [], now, TimeSpan.FromDays(1), withKey: false);
        return ProcessCertificates.Load(CertificateFolder.FilesOf(_folder, PeerRoles.Node), PeerRoles.Node, NullLogger.Instance);
    }

    public List<IActorRef> Workers { get; } = [];

    public List<WorkerStatus> Status { get; } = [];

    public string Artifacts => Path.Combine(_folder, "artifacts");

    /// <summary>Waits for every worker's first status, which tells its endpoints.</summary>
    public async Task<WorkerGroup> ReadyAsync()
    {
        for (var i = 0; i < Workers.Count; i++)
        {
            Status.Add(await HearAsync<WorkerStatus>(status => status.Worker == $"worker-{i}"));
        }

        return this;
    }

    /// <summary>Has workers load a job, and waits until they stand by.</summary>
    public Task EnlistAsync(string job, JobSpec spec, params int[] workers) => EnlistAsync(job, spec, expectation: null, workers);

    /// <param name="expectation">Of a job that verifies another one.</param>
    public async Task EnlistAsync(string job, JobSpec spec, Expectation? expectation, params int[] workers)
    {
        Enlist(job, spec, expectation, workers);
        foreach (var worker in workers)
        {
            var report = await ReportAsync(worker, r => r.Job == job && (r.Standby ?? (object)r.Failure ?? r.Busy) is not null);
            Assert.True(report.Standby is not null, report.ToString());
        }
    }

    public void Enlist(string job, JobSpec spec, Expectation? expectation, params int[] workers)
    {
        foreach (var worker in workers)
        {
            Workers[worker].Tell(new Enlist { Job = job, Worker = $"worker-{worker}", Generation = Number(0), Incarnation = Status[worker].Incarnation, Spec = spec, Expectation = expectation });
        }
    }

    /// <param name="members">By rank, the workers' numbers.</param>
    /// <param name="state">That all begin with; null: the initial one.</param>
    /// <param name="holders">The workers that have it.</param>
    public Start StartOf(
        string job, JobSpec spec, int rank, ulong number, IReadOnlyList<int> members, StateId? state = null, IReadOnlyList<int>? holders = null, Checkpoint? checkpoint = null,
        string secret = "secret", bool examine = false)
    {
        var assignment = new Assignment { Shards = spec.Training.Shards };
        var roots = Plans.Roots(members.Count, (int)spec.Training.Shards);
        for (var i = 0; i < members.Count; i++)
        {
            var member = MemberOf(members[i]);
            member.Roots.AddRange(roots[i].Select(root => new ShardNode { Lo = (uint)root.Lo, Hi = (uint)root.Hi }));
            assignment.Members.Add(member);
        }

        return new Start
        {
            Job = job,
            Worker = $"worker-{members[rank]}",
            Generation = Number(number),
            FromItem = (state?.Item ?? 0) + 1,
            State = state ?? new StateId(),
            Assignment = assignment,
            Rank = (uint)rank,
            Secret = ByteString.CopyFromUtf8(secret),
            Artifacts = Path.Combine(Artifacts, job),
            StepDeadlineSeconds = 5,
            Examine = examine,
            Holders = { (holders ?? []).Select(MemberOf) },
            Checkpoint = checkpoint,
        };
    }

    public void Start(
        string job, JobSpec spec, ulong number, IReadOnlyList<int> members, StateId? state = null, IReadOnlyList<int>? holders = null, Checkpoint? checkpoint = null,
        bool examine = false)
    {
        for (var rank = 0; rank < members.Count; rank++)
        {
            Workers[members[rank]].Tell(StartOf(job, spec, rank, number, members, state, holders, checkpoint, examine: examine));
        }
    }

    /// <summary>All workers begin a job.</summary>
    public async Task BeginAsync(string job, JobSpec spec, ulong number = 1)
    {
        await EnlistAsync(job, spec, All);
        Start(job, spec, number, All);
    }

    public void Release(string job, ulong number = 1, params int[] workers)
    {
        foreach (var worker in workers.Length == 0 ? All : workers)
        {
            Workers[worker].Tell(new Release { Job = job, Generation = Number(number), Reason = "test" });
        }
    }

    /// <summary>Fences workers; the highest item that one of them knows to be committed, and its state.</summary>
    public async Task<StateId> FenceAsync(string job, ulong number, params int[] workers)
    {
        foreach (var worker in workers)
        {
            Workers[worker].Tell(new Fence { Job = job, Worker = $"worker-{worker}", Generation = Number(number) });
        }

        var answers = new List<Fenced>();
        foreach (var worker in workers)
        {
            answers.Add((await ReportAsync(worker, report => report.Fenced is not null)).Fenced);
        }

        var committed = answers.Max(answer => answer.Committed);
        Assert.All(answers, answer => Assert.True(committed == 0 || answer.Held.Any(held => held.Item == committed), $"{committed} is committed, {answer}"));
        return answers.SelectMany(answer => answer.Held).Where(held => held.Item == committed).Distinct().SingleOrDefault() ?? new StateId();
    }

    /// <summary>Has workers stop after an item that all of them apply; its state.</summary>
    public async Task<StateId> HoldAsync(string job, ulong number, params int[] workers)
    {
        foreach (var worker in workers)
        {
            Workers[worker].Tell(new Hold { Job = job, Worker = $"worker-{worker}", Generation = Number(number) });
        }

        var states = new List<StateId>();
        foreach (var worker in workers)
        {
            states.Add((await ReportAsync(worker, report => report.Held is not null)).Held.State);
        }

        return Assert.Single(states.Distinct());
    }

    /// <summary>Breaks a link at one end, as a reset connection would.</summary>
    public void Cut(int worker, int peer, ulong number = 1) =>
        _system.ActorSelection($"/user/worker-{worker}/all-reduce-1-{number}/link-{peer}").Tell(new PeerLink.ReaderEnded("cut by the test"));

    /// <summary>Trains a job to its end, checks that all members agree and releases them; the result.</summary>
    public async Task<Saved> TrainAsync(string job, JobSpec spec)
    {
        await BeginAsync(job, spec);
        var saved = await FinishAsync(job, 1, All);
        Release(job);
        await AllIdleAsync();
        return saved;
    }

    /// <summary>Waits until members are done, and has one of them write the result.</summary>
    public async Task<Saved> FinishAsync(string job, ulong number, params int[] members)
    {
        var states = new List<StateId>();
        foreach (var worker in members)
        {
            var report = await ReportAsync(worker, r => r.Job == job && r.Generation.Number == number && (r.Finished ?? (object)r.Failure ?? r.LinkLost) is not null);
            Assert.True(report.Finished is not null, report.ToString());
            states.Add(report.Finished!.State);
        }

        Assert.Single(states.Distinct());
        return (await SaveAsync(job, number, members[0], Save.Types.Kind.Result)).Saved;
    }

    public async Task<WorkerReport> SaveAsync(string job, ulong number, int worker, Save.Types.Kind kind)
    {
        var id = $"{kind}-{number}".ToLowerInvariant();
        var folder = kind == Save.Types.Kind.Result ? Path.Combine(Artifacts, job) : Path.Combine(Artifacts, job, "checkpoints", id);
        Workers[worker].Tell(new Save { Job = job, Worker = $"worker-{worker}", Generation = Number(number), Kind = kind, Id = id, Folder = folder });
        return await ReportAsync(worker, report => (report.Saved?.Id ?? report.SaveFailed?.Id) == id);
    }

    public async Task AllIdleAsync()
    {
        for (var i = 0; i < Workers.Count; i++)
        {
            await IdleAsync(i);
        }
    }

    public Task IdleAsync(int worker) => HearAsync<WorkerStatus>(status => status.Worker == $"worker-{worker}" && status.Job.Length == 0);

    public static Generation Number(ulong number) => new() { Term = 1, Number = number };

    private int[] All => [.. Enumerable.Range(0, Workers.Count)];

    private Member MemberOf(int worker)
    {
        var member = new Member { Worker = Status[worker].Worker, Incarnation = Status[worker].Incarnation, Host = Status[worker].Host };
        member.LinkEndpoints.AddRange(Status[worker].LinkEndpoints);
        return member;
    }

    public Task<WorkerReport> ReportAsync(int worker, Func<WorkerReport, bool> wanted) =>
        HearAsync<WorkerReport>(report => report.Worker == $"worker-{worker}" && wanted(report));

    /// <summary>The first message that nobody has claimed yet and that is wanted; waits for it.</summary>
    public async Task<T> HearAsync<T>(Func<T, bool> wanted)
    {
        using var patience = new CancellationTokenSource(Patience);
        for (var i = 0; ; i++)
        {
            if (i == _unclaimed.Count)
            {
                try
                {
                    _unclaimed.Add(await _said.Reader.ReadAsync(patience.Token));
                }
                catch (OperationCanceledException e)
                {
                    throw new TimeoutException($"Nobody said what was waited for; heard last: {string.Join(Environment.NewLine, _unclaimed.TakeLast(20))}", e);
                }
            }

            if (_unclaimed[i] is T message && wanted(message))
            {
                _unclaimed.RemoveAt(i);
                return message;
            }
        }
    }

    /// <summary>What was said before and not asked for is of no interest any more.</summary>
    public void Forget()
    {
        while (_said.Reader.TryRead(out _))
        {
        }

        _unclaimed.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Workers.Select(worker => worker.GracefulStop(Patience, new WorkerActor.Quit())));
        await _system.Terminate();
        _devices.ForEach(device => device.Dispose());
        _metrics.Dispose();
        _certificates?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private sealed class Ear : UntypedActor
    {
        private readonly ChannelWriter<object> _said;

        public Ear(ChannelWriter<object> said) => _said = said;

        protected override void OnReceive(object message) => _said.TryWrite(message);
    }
}
