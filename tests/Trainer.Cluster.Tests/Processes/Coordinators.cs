using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Trainer.Cluster.Tests.Chaos;
using Trainer.Hosting.Artifacts;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Processes;

/// <summary>`trainer coordinator` and `trainer node` processes as a supervisor runs them: each is started again where it ended, with the same ports.</summary>
internal sealed class Coordinators : IAsyncDisposable
{
    private static readonly TimeSpan RestartAfter = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly List<Supervised> _coordinators = [];
    private readonly List<Supervised> _workers = [];
    private readonly List<GrpcChannel> _channels = [];

    private Coordinators()
    {
    }

    public string Home { get; } = Directory.CreateTempSubdirectory("trainer-coordinators-").FullName;

    public int Count => _coordinators.Count;

    /// <summary>SQLite's folder, of the only coordinator.</summary>
    public string Store => Path.Combine(Home, "store");

    /// <summary>Of a job.</summary>
    public IArtifactStore Artifacts(string job) => new FolderStore(Path.Combine(Home, "jobs", job));

    /// <param name="store">For all of them; null: SQLite's, of the only one.</param>
    /// <param name="workersEnvironment">More of it, for workers.</param>
    /// <param name="networks">One for each coordinator; null: all are on loopback.</param>
    /// <param name="program">What each process is of, coordinators first; null: this release.</param>
    public static async Task<Coordinators> StartAsync(
        int coordinators, int workers, string? store, IReadOnlyDictionary<string, string>? workersEnvironment = null, Networks? networks = null, Func<int, string>? program = null)
    {
        var cluster = new Coordinators();
        var ports = FreePorts(2 * coordinators);
        string[] seeds = [.. ports.Take(coordinators).SelectMany((port, i) => new[] { "--seed", $"{Host(networks, i)}:{port}" })];
        program ??= _ => TrainerProcess.Executable;
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["TRAINER_STORE"] = store ?? cluster.Store };
        for (var i = 0; i < coordinators; i++)
        {
            var grpc = ports[coordinators + i];
            string[] arguments =
            [
                "coordinator", "--name", $"coordinator-{i}", "--host", Host(networks, i), "--cluster-port", $"{ports[i]}", "--grpc-port", $"{grpc}", "--artifacts", Path.Combine(cluster.Home, "jobs"), "--data-root", cluster.Home, "--insecure", .. seeds,
            ];
            cluster._coordinators.Add(new Supervised(program(i), environment, arguments, cluster.LogOf($"coordinator-{i}"), networks?.Space(i)));
            cluster._channels.Add(GrpcChannel.ForAddress($"http://{Host(networks, i)}:{grpc}"));
        }

        for (var i = 0; i < workers; i++)
        {
            string[] arguments = ["node", "--name", $"worker-{i}", "--host", networks is null ? "127.0.0.1" : Networks.Here, "--data-root", cluster.Home, "--insecure", "--device", "cpu", "--threads", "1", .. seeds];
            cluster._workers.Add(new Supervised(program(coordinators + i), workersEnvironment ?? new Dictionary<string, string>(StringComparer.Ordinal), arguments, cluster.LogOf($"worker-{i}")));
        }

        try
        {
            await cluster.WholeAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync(); // Nobody else has it.
            throw;
        }
    }

    public JobService.JobServiceClient Jobs(int coordinator) => new(_channels[coordinator]);

    public Protos.WorkerService.WorkerServiceClient Workers(int coordinator) => new(_channels[coordinator]);

    /// <summary>Kills a coordinator, does something, and starts it again.</summary>
    public Task ReplaceAsync(int coordinator, Action meanwhile) => _coordinators[coordinator].ReplaceAsync(meanwhile);

    /// <summary>Asks a coordinator to leave, and starts another program in its place.</summary>
    public Task UpgradeCoordinatorAsync(int number, string program) => _coordinators[number].UpgradeAsync(program);

    public Task UpgradeWorkerAsync(int number, string program) => _workers[number].UpgradeAsync(program);

    public int Coordinator(int number) => _coordinators[number].Id;

    public int Worker(int number) => _workers[number].Id;

    /// <summary>All of them answer, and know all workers.</summary>
    public async Task WholeAsync()
    {
        foreach (var channel in _channels)
        {
            await UntilAsync(async () => (await new WorkerService.WorkerServiceClient(channel)
                .ListWorkersAsync(new ListWorkersRequest(), deadline: DateTimeOffset.UtcNow.AddSeconds(3).UtcDateTime)).Workers.Count == _workers.Count);
        }
    }

    /// <summary>Asks until the answer is there; while nobody answers, again.</summary>
    public async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var patience = Stopwatch.StartNew(); ; await Task.Delay(20))
        {
            try
            {
                if (await isSo())
                {
                    return;
                }
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled)
            {
                // Not yet.
            }

            Assert.True(patience.Elapsed < Patience, $"Not within {Patience}.\n{Logs()}");
        }
    }

    public async Task<string> SubmitAsync(string file)
    {
        var (request, id) = (new CreateJobRequest { Spec = JobFile.Parse(await File.ReadAllTextAsync(file), file), RequestId = Guid.NewGuid().ToString() }, "");
        await UntilAsync(async () => (id = (await Jobs(0).CreateJobAsync(request, deadline: DateTimeOffset.UtcNow.AddSeconds(15).UtcDateTime)).Id).Length > 0);
        return id;
    }

    public async Task<Job> TellAsync(int coordinator, string job) =>
        await Jobs(coordinator).GetJobAsync(new GetJobRequest { Id = job }, deadline: DateTimeOffset.UtcNow.AddSeconds(15).UtcDateTime);

    /// <summary>The last committed step that a coordinator tells of.</summary>
    public async Task<ulong> StepAsync(int coordinator, string job) => (await TellAsync(coordinator, job)).Progress?.Step ?? 0;

    /// <summary>The job once it has ended.</summary>
    public async Task<Job> EndAsync(int coordinator, string id)
    {
        Job job = null!;
        await UntilAsync(async () => (job = await TellAsync(coordinator, id)).EndTime is not null);
        return job;
    }

    /// <summary>Every generation begins with the item after the last one that the generation before it committed.</summary>
    public async Task NothingIsLostAsync(int coordinator, string job)
    {
        var journal = (await Jobs(coordinator).GetJournalAsync(new GetJournalRequest { Id = job })).Entries;
        for (var i = 1; i < journal.Count; i++)
        {
            Assert.True(journal[i].FromItem == journal[i - 1].FromItem + journal[i - 1].Items, $"{journal[i - 1]}\n{journal[i]}");
        }
    }

    public string Logs() => string.Join('\n', Directory.GetFiles(Home, "*.log").Order(StringComparer.Ordinal).Select(file => $"--- {Path.GetFileName(file)}\n{string.Join('\n', File.ReadLines(file).Where(line => !line.Contains(" info  Trainer.Coordinator.Jobs.", StringComparison.Ordinal)).TakeLast(60))}"));

    public async ValueTask DisposeAsync()
    {
        _channels.ForEach(channel => channel.Dispose());
        foreach (var process in _workers.Concat(_coordinators))
        {
            await process.DisposeAsync();
        }

        Directory.Delete(Home, recursive: true);
    }

    private static string Host(Networks? networks, int number) => networks is null ? "127.0.0.1" : Networks.Address(number);

    private string LogOf(string name) => Path.Combine(Home, $"{name}.log");

    private static List<int> FreePorts(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        sockets.ForEach(socket => socket.Start());
        List<int> ports = [.. sockets.Select(socket => ((IPEndPoint)socket.LocalEndpoint).Port)];
        sockets.ForEach(socket => socket.Stop());
        return ports;
    }

    /// <summary>A process that is started again whenever it has ended.</summary>
    private sealed class Supervised : IAsyncDisposable
    {
        private readonly Lock _lock = new();
        private readonly Func<Process> _start;
        private volatile string _program;
        private readonly Task _watching;
        private volatile Process _process;
        private volatile bool _isEnding;
        private volatile Action _meanwhile = () => { };
        private TaskCompletionSource _again = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <param name="network">In which it runs; null: this one.</param>
        public Supervised(string program, IReadOnlyDictionary<string, string> environment, string[] arguments, string log, string? network = null)
        {
            _program = program;
            _start = () =>
            {
                var process = network is null ? TrainerProcess.StartOf(_program, environment, arguments) : TrainerProcess.StartIn(network, environment, arguments);
                process.OutputDataReceived += (_, line) => Write(log, line.Data);
                process.ErrorDataReceived += (_, line) => Write(log, line.Data);
                process.BeginOutputReadLine();
                process.BeginErrorReadLine();
                return process;
            };
            _process = _start();
            _watching = Task.Run(WatchAsync);
        }

        public int Id => _process.Id;

        public async Task ReplaceAsync(Action meanwhile)
        {
            (_meanwhile, _again) = (meanwhile, new(TaskCreationOptions.RunContinuationsAsynchronously));
            Signals.Kill(Id);
            await _again.Task;
        }

        public async Task UpgradeAsync(string program)
        {
            (_program, _again) = (program, new(TaskCreationOptions.RunContinuationsAsynchronously));
            Signals.Terminate(Id);
            await _again.Task;
        }

        public async ValueTask DisposeAsync()
        {
            _isEnding = true;
            Signals.Continue(Id);
            Signals.Kill(Id);
            await _watching;
            _process.Dispose();
        }

        private async Task WatchAsync()
        {
            while (true)
            {
                await _process.WaitForExitAsync();
                if (_isEnding)
                {
                    return;
                }

                _meanwhile();
                _meanwhile = () => { };
                await Task.Delay(RestartAfter);
                _process = _start();
                _again.TrySetResult();
            }
        }

        private void Write(string log, string? line)
        {
            lock (_lock)
            {
                File.AppendAllText(log, line + "\n");
            }
        }
    }
}
