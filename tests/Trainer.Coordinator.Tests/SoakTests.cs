using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Coordinator.Tests.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests;

/// <summary>Many jobs through one coordinator, some of them queued at any time and some at work: each ends, once; how long a submit takes, and what the process holds afterwards.</summary>
public sealed class SoakTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>Akka keeps up to 1,024 paths for each thread that serializes and 1,000 heartbeats for each pair of systems, of which there are nine here; jobs that have ended leave nothing.</summary>
    private const long MostGrowth = 16 << 20;

    private const int Patience = 1200;

    private readonly TemporaryFolder _folder = new();

    /// <summary>TRAINER_SOAK_JOBS=5000 for the table in docs/reliability.md: a run by itself, on a machine that has nothing else to do.</summary>
    private static readonly string? Asked = Environment.GetEnvironmentVariable("TRAINER_SOAK_JOBS");

    private static readonly int Many = int.Parse(Asked ?? "500", CultureInfo.InvariantCulture);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_few() => await RunAsync(new SqliteAddress(Path.Combine(_folder.Path, "store")), jobs: 16, queued: 8, running: 3);

    [Fact]
    [Trait("Category", "Long")]
    public async Task Thousands_on_SQLite() => CheckFigures(await RunAsync(new SqliteAddress(Path.Combine(_folder.Path, "store")), Many, queued: 200, running: 8));

    [Fact]
    [Trait("Category", "Long")]
    public async Task Thousands_on_PostgreSQL()
    {
        await using var server = await PostgresServer.StartAsync();
        Assert.SkipWhen(server is null, PostgresServer.Missing);
        CheckFigures(await RunAsync(StoreAddress.Parse(server.NewDatabase()), Many, queued: 200, running: 8));
    }

    // Times and the memory of a process say nothing beside other tests, which share both.
    private static void CheckFigures(Figures figures)
    {
        if (Asked is not null)
        {
            Assert.InRange(figures.Percentile99, 0, 50);
            Assert.InRange(figures.Heap[^1] - figures.Heap[0], long.MinValue, MostGrowth);
        }
    }

    private async Task<Figures> RunAsync(StoreAddress store, int jobs, int queued, int running)
    {
        await using var coordinator = await TestCoordinator.StartAsync(_folder.Path, store);
        var nodes = Enumerable.Range(0, running).Select(i => new FakeNode($"w{i}", coordinator.Cluster)).ToList();
        await coordinator.AwaitWorkersAsync(running);
        nodes.ForEach(node => node.Serve());
        var spec = SmallData.Spec(_folder.Path);
        spec.Cluster = new ClusterSection { MinWorkers = 1, MaxWorkers = 1 };
        var (submits, heap) = (new List<double>(), new List<long>());
        for (var submitted = 1; submitted <= jobs; submitted++)
        {
            var clock = Stopwatch.StartNew();
            var request = new CreateJobRequest { Spec = spec, RequestId = Guid.NewGuid().ToString() };
            Assert.NotEmpty((await AnswerAsync(() => coordinator.Jobs.CreateJobAsync(request))).Id);
            submits.Add(clock.Elapsed.TotalMilliseconds);
            await AwaitActiveAsync(coordinator, nodes, queued + running);
            if (submitted % (jobs / 5) == 0)
            {
                heap.Add(GC.GetTotalMemory(forceFullCollection: true));
            }
        }

        await AwaitActiveAsync(coordinator, nodes, most: 0);
        await Task.WhenAll(nodes.Select(node => node.DisposeAsync().AsTask()));
        var counts = (await coordinator.Jobs.ListJobsAsync(new ListJobsRequest { PageSize = 1 })).Jobs;
        Assert.Equal(JobState.Succeeded, Assert.Single(counts).State);
        submits.Sort();
        var figures = new Figures(submits[jobs / 2], submits[jobs * 99 / 100], heap);
        output.WriteLine($"{store.GetType().Name}: {jobs} jobs; submit to queued: median {figures.Median:f1} ms, p99 {figures.Percentile99:f1} ms, worst {submits[^1]:f1} ms");
        output.WriteLine($"managed memory after each fifth: {string.Join(", ", heap.Select(bytes => $"{bytes / 1048576.0:f1} MiB"))}");
        return figures;
    }

    // No more than so many have not ended.
    private static async Task AwaitActiveAsync(TestCoordinator coordinator, List<FakeNode> nodes, int most)
    {
        var filter = new ListJobsRequest { PageSize = Math.Min(most + 1, 1000), View = JobView.Basic, States = { JobState.Queued, JobState.Starting, JobState.Running, JobState.Recovering } };
        for (var (looks, before) = (0, ""); looks < Patience; looks++)
        {
            var active = (await AnswerAsync(() => coordinator.Jobs.ListJobsAsync(filter))).Jobs;
            if (active.Count <= most)
            {
                return;
            }

            var now = string.Join("; ", active.Select(job => $"{job.Id} {job.State}: {job.Message}"));
            (looks, before) = now == before ? (looks, before) : (0, now);
            await Task.Delay(50);
        }

        Assert.Fail($"Nothing has come of any job in {Patience} looks. {string.Join("; ", nodes)}");
    }

    // Beside other tests a database may be silent for longer than a call waits, and says then to try again.
    private static async Task<T> AnswerAsync<T>(Func<AsyncUnaryCall<T>> ask)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await ask();
            }
            catch (RpcException away) when (away.StatusCode == StatusCode.Unavailable && Asked is null && tries < Patience)
            {
                await Task.Delay(50);
            }
        }
    }

    private sealed record Figures(double Median, double Percentile99, List<long> Heap);
}
