using System.Threading.Channels;
using Akka.Actor;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Metrics;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Node.Links;
using Trainer.Node.Tests.Reduction;
using Trainer.Node.Worker;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Worker;

/// <summary>Several real workers in one process, linked by real sockets, and a stand-in for the job entity that hears all they say.</summary>
internal sealed class WorkerGroup : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ActorSystem _system = TrainingSystem.Create();
    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-links-").FullName;
    private readonly Channel<object> _said = Channel.CreateUnbounded<object>();
    private readonly List<object> _unclaimed = [];
    private readonly TrainingMetrics _metrics = new();
    private readonly List<Device> _devices = [];

    public WorkerGroup(int workers, int threads = 1, bool unix = true)
    {
        var listener = _system.ActorOf(Props.Create(() => new Ear(_said.Writer)));
        for (var i = 0; i < workers; i++)
        {
            var device = CpuDevice.Create(threads);
            _devices.Add(device);
            var options = new WorkerOptions($"worker-{i}", $"life-{i}", Host: "here", device, _metrics, NullLogger.Instance)
            {
                Listener = new LinkListener(
                    [unix ? LinkEndpoint.Unix(Path.Combine(_folder, $"{i}.sock")) : LinkEndpoint.Tcp("127.0.0.1", 0)], NullLogger.Instance),
                AliveInterval = TimeSpan.FromMilliseconds(100),
            };
            Workers.Add(_system.ActorOf(Props.Create(() => new WorkerActor(options)), options.Name));
            Workers[i].Tell(new WorkerActor.Attach(listener));
        }
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

    public Start StartOf(string job, JobSpec spec, int rank, ulong number = 1, int? members = null, string secret = "secret")
    {
        var count = members ?? Workers.Count;
        var assignment = new Assignment { Shards = spec.Training.Shards };
        var roots = Plans.Roots(count, (int)spec.Training.Shards);
        for (var i = 0; i < count; i++)
        {
            var member = new Member { Worker = Status[i].Worker, Incarnation = Status[i].Incarnation, Host = Status[i].Host };
            member.LinkEndpoints.AddRange(Status[i].LinkEndpoints);
            member.Roots.AddRange(roots[i].Select(root => new ShardNode { Lo = (uint)root.Lo, Hi = (uint)root.Hi }));
            assignment.Members.Add(member);
        }

        return new Start
        {
            Job = job,
            Worker = $"worker-{rank}",
            Generation = new Generation { Term = 1, Number = number },
            FromStep = 1,
            Spec = spec,
            Assignment = assignment,
            Rank = (uint)rank,
            Secret = ByteString.CopyFromUtf8(secret),
            Artifacts = Path.Combine(Artifacts, job),
        };
    }

    public void Start(string job, JobSpec spec, ulong number = 1, int? members = null)
    {
        for (var rank = 0; rank < (members ?? Workers.Count); rank++)
        {
            Workers[rank].Tell(StartOf(job, spec, rank, number, members));
        }
    }

    public void Release(string job, ulong number = 1) =>
        Workers.ForEach(worker => worker.Tell(new Release { Job = job, Generation = new Generation { Term = 1, Number = number }, Reason = "test" }));

    /// <summary>Breaks a link at one end, as a reset connection would.</summary>
    public void Cut(int worker, int peer) =>
        _system.ActorSelection($"/user/worker-{worker}/all-reduce/link-{peer}").Tell(new PeerLink.ReaderEnded("cut by the test"));

    /// <summary>Trains a job to its end, checks that all members agree and releases them; rank 0's last word.</summary>
    public async Task<Finished> TrainAsync(string job, JobSpec spec, ulong number = 1)
    {
        Start(job, spec, number);
        var finished = new List<Finished>();
        for (var i = 0; i < Workers.Count; i++)
        {
            var worker = $"worker-{i}";
            var report = await HearAsync<WorkerReport>(r => r.Job == job && r.Worker == worker && (r.Finished ?? (object)r.Failure ?? r.LinkLost) is not null);
            Assert.True(report.Finished is not null, $"{worker}: {report}");
            finished.Add(report.Finished!);
        }

        Assert.Single(finished.Select(last => last.WeightsHash).Distinct());
        Release(job, number);
        await AllIdleAsync();
        return finished[0];
    }

    public async Task AllIdleAsync()
    {
        for (var i = 0; i < Workers.Count; i++)
        {
            await HearAsync<WorkerStatus>(status => status.Worker == $"worker-{i}" && status.Job.Length == 0);
        }
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
        Directory.Delete(_folder, recursive: true);
    }

    private sealed class Ear : UntypedActor
    {
        private readonly ChannelWriter<object> _said;

        public Ear(ChannelWriter<object> said) => _said = said;

        protected override void OnReceive(object message) => _said.TryWrite(message);
    }
}
