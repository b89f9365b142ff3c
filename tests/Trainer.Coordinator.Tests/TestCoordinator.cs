using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Coordinator.Outbox;
using Trainer.Coordinator.Scheduling;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests;

/// <summary>A coordinator in this process, on ports of its own, with a client that has the token.</summary>
internal sealed class TestCoordinator : IAsyncDisposable
{
    public const string TraceLink = "https://traces.example.com/{trace_id}";

    public const string Token = "the-token";

    public const string QuickCluster = """
        akka.cluster {
          seed-node-timeout = 1s
          retry-unsuccessful-join-after = 1s
          gossip-interval = 100ms
          leader-actions-interval = 100ms
          unreachable-nodes-reaper-interval = 100ms
          periodic-tasks-initial-delay = 100ms
          failure-detector { heartbeat-interval = 200ms, acceptable-heartbeat-pause = 2s }
          down-removal-margin = 200ms
          split-brain-resolver.stable-after = 1s
          sharding { retry-interval = 200ms, rebalance-interval = 1s }
          singleton-proxy.singleton-identification-interval = 200ms
        }
        """;

    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(3);

    private readonly CoordinatorProcess _process;
    private readonly GrpcChannel _channel;
    private int _stopped;

    private TestCoordinator(CoordinatorProcess process)
    {
        _process = process;
        _channel = GrpcChannel.ForAddress(process.Grpc);
    }

    public string Cluster => _process.Cluster;

    public string Http => _process.Http;

    public string Grpc => _process.Grpc;

    public CallInvoker Invoker => _channel.CreateCallInvoker();

    public Protos.JobService.JobServiceClient Jobs => new(WithToken(Token));

    public Protos.TokenService.TokenServiceClient Tokens => new(WithToken(Token));

    public Protos.DataSetService.DataSetServiceClient DataSets => new(WithToken(Token));

    public CoordinatorWeb Web => _process.Web;

    public Protos.WorkerService.WorkerServiceClient Workers => new(WithToken(Token));

    public static async Task<TestCoordinator> StartAsync(
        string folder, StoreAddress? store = null, Func<CoordinatorOptions, CoordinatorOptions>? change = null, ILoggerFactory? loggers = null)
    {
        var options = new CoordinatorOptions { Store = store ?? new SqliteAddress(Path.Combine(folder, "store")), Artifacts = Path.Combine(folder, "jobs"), Token = Token, TraceLink = TraceLink };
        var tuning = new CoordinatorTuning
        {
            Cluster = QuickCluster,
            Jobs = settings => settings with { AdoptTimeout = TimeSpan.FromSeconds(3) },
            Outbox = new OutboxSettings { Poll = TimeSpan.FromMilliseconds(50), FirstPause = TimeSpan.FromMilliseconds(20), LongestPause = TimeSpan.FromSeconds(0.5), AnswerWithin = TimeSpan.FromSeconds(1), FollowEvery = TimeSpan.FromMilliseconds(100) },
            Scheduler = new SchedulerSettings { WarmUp = TimeSpan.FromSeconds(0.5), Settle = TimeSpan.FromSeconds(0.3) },
        };
        return new TestCoordinator(await CoordinatorProcess.StartAsync(change?.Invoke(options) ?? options, tuning, loggers ?? NullLoggerFactory.Instance));
    }

    public CallInvoker WithToken(string token) => Invoker.Intercept(metadata =>
    {
        metadata.Add("authorization", $"Bearer {token}");
        return metadata;
    });

    /// <summary>The job as soon as <paramref name="condition"/> holds for it; waits as long as it changes now and then. One without workers looks for its state for a minute, and says nothing.</summary>
    public async Task<Job> AwaitAsync(string id, Func<Job, bool> condition)
    {
        using var patience = new CancellationTokenSource(Silence);
        using var watch = Jobs.WatchJob(new WatchJobRequest { Id = id });
        await foreach (var job in watch.ResponseStream.ReadAllAsync(patience.Token))
        {
            if (condition(job))
            {
                return job;
            }

            patience.CancelAfter(Silence);
        }

        throw new InvalidOperationException($"Job {id} ended otherwise: {await Jobs.GetJobAsync(new GetJobRequest { Id = id })}");
    }

    public async Task AwaitWorkersAsync(int count)
    {
        for (var deadline = DateTime.UtcNow.AddMinutes(2); ; await Task.Delay(50))
        {
            var workers = (await Workers.ListWorkersAsync(new ListWorkersRequest())).Workers;
            if (workers.Count == count)
            {
                return;
            }

            Assert.True(DateTime.UtcNow < deadline, $"{count} workers expected, there are {workers.Count}.");
        }
    }

    /// <summary>Stops the process; the client stays, to see how its calls end.</summary>
    public ValueTask StopAsync() => Interlocked.Exchange(ref _stopped, 1) == 0 ? _process.DisposeAsync() : default;

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _channel.Dispose();
    }
}
