using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests;

/// <summary>A coordinator and nodes in their own actor systems, talking over sockets; the nodes only pretend to train.</summary>
public sealed class ClusterJobTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<FakeNode> _nodes = [];
    private TestCoordinator _coordinator = null!;
    private JobSpec _spec = null!;

    public async ValueTask InitializeAsync()
    {
        _spec = SmallData.Spec(_folder.Path);
        _coordinator = await TestCoordinator.StartAsync(_folder.Path);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        await _coordinator.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Two_workers_train_a_job_and_then_the_next()
    {
        var (a, b) = await TwoNodesAsync();
        foreach (var _ in new[] { 1, 2 })
        {
            var id = await SubmitAsync(minWorkers: 2);
            var starts = await Task.WhenAll(a.StartAsync(), b.StartAsync());
            Assert.Equal([0u, 1u], starts.Select(start => start.Rank).Order());
            Assert.Equal(Path.Combine(_folder.Path, "jobs", id), starts[0].Artifacts);
            await _coordinator.AwaitAsync(id, job => job.State == JobState.Running);
            var workers = (await _coordinator.Workers.ListWorkersAsync(new ListWorkersRequest())).Workers;
            Assert.Equal(["a", "b"], workers.Select(worker => worker.Name));

            a.Train();
            a.Finish();
            b.Finish();
            var done = await _coordinator.AwaitAsync(id, job => job.State == JobState.Succeeded);
            Assert.Equal("sum", done.Result.WeightsSha256);
            Assert.Equal(["a", "b"], done.Workers);
            Assert.Equal(2, done.Epochs.Count);
            await Task.WhenAll(a.ReleaseAsync(), b.ReleaseAsync());
        }
    }

    [Fact]
    public async Task A_job_for_a_device_that_nobody_has_waits_and_says_so()
    {
        await NodeAsync("a", 1);
        var spec = _spec.Clone();
        spec.Cluster = new ClusterSection { Device = "cuda" };
        var id = (await _coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec })).Id;

        var waiting = await _coordinator.AwaitAsync(id, job => job.Message.Length > "Waiting for workers.".Length);
        Assert.Equal((JobState.Queued, "Waiting for workers: it needs 1 of device cuda; there is 1 of cpu."), (waiting.State, waiting.Message));
    }

    [Fact]
    public async Task Cancel_releases_the_workers()
    {
        var (a, b) = await TwoNodesAsync();
        var id = await SubmitAsync(minWorkers: 2);
        await Task.WhenAll(a.StartAsync(), b.StartAsync());
        Assert.Equal(JobState.Cancelled, (await _coordinator.Jobs.CancelJobAsync(new CancelJobRequest { Id = id })).State);
        await Task.WhenAll(a.ReleaseAsync(), b.ReleaseAsync());
    }

    [Fact]
    public async Task A_job_whose_lone_worker_crashed_goes_on_where_its_process_starts_again()
    {
        var a = await NodeAsync("a", 1);
        var id = await SubmitAsync();
        await a.StartAsync();
        await _coordinator.AwaitAsync(id, job => job.State == JobState.Running);
        await a.CrashAsync();
        var lost = await _coordinator.AwaitAsync(id, job => job.State == JobState.Recovering);
        Assert.StartsWith("Worker a was lost at step 1: its connection closed.", lost.Message, StringComparison.Ordinal);

        var again = new FakeNode("a", _coordinator.Cluster);
        _nodes.Add(again);
        var start = await again.StartAsync();
        Assert.Equal(1ul, start.FromItem);
        await _coordinator.AwaitAsync(id, job => job.State == JobState.Running);
        var journal = await _coordinator.Jobs.GetJournalAsync(new GetJournalRequest { Id = id });
        Assert.Equal(2, journal.Entries.Count);
    }

    [Fact]
    public async Task A_coordinator_on_its_folder_knows_its_jobs_and_adopts_workers_that_are_at_work()
    {
        var a = await NodeAsync("a", 1);
        var id = await SubmitAsync();
        var serving = await a.StartAsync();
        await _coordinator.AwaitAsync(id, job => job.State == JobState.Running);
        var cancelled = await SubmitAsync();
        await _coordinator.Jobs.CancelJobAsync(new CancelJobRequest { Id = cancelled });

        await _coordinator.DisposeAsync();
        _coordinator = await TestCoordinator.StartAsync(_folder.Path);
        var listed = (await _coordinator.Jobs.ListJobsAsync(new ListJobsRequest())).Jobs;
        Assert.Equal([cancelled, id], listed.OrderByDescending(job => job.CreateTime.ToDateTimeOffset()).Select(job => job.Id));

        // The node joins the new coordinator under a new address and serves on.
        var reborn = new FakeNode("a", _coordinator.Cluster, a.Incarnation);
        _nodes.Add(reborn);
        reborn.ServeOn(serving, _spec);
        var again = await _coordinator.AwaitAsync(id, job => job.Message.StartsWith("The coordinator came back and found a at work.", StringComparison.Ordinal));
        Assert.Equal(JobState.Running, again.State);

        reborn.Train();
        reborn.Finish();
        Assert.Equal(JobState.Succeeded, (await _coordinator.AwaitAsync(id, job => job.State == JobState.Succeeded)).State);
    }

    [Fact]
    public async Task A_job_is_suspended_scaled_and_resumed_and_a_drained_worker_leaves_it()
    {
        var (a, b) = await TwoNodesAsync();
        var id = await SubmitAsync(minWorkers: 2);
        await Task.WhenAll(a.StartAsync(), b.StartAsync());
        await _coordinator.AwaitAsync(id, job => job.State == JobState.Running);
        await _coordinator.Jobs.SuspendJobAsync(new SuspendJobRequest { Id = id });
        var suspended = await _coordinator.AwaitAsync(id, job => job.State == JobState.Suspended);
        Assert.Equal("Suspended by the user at step 0.", suspended.Message);
        await Task.WhenAll(a.ReleaseAsync(), b.ReleaseAsync());

        var scaled = await _coordinator.Jobs.UpdateJobAsync(new UpdateJobRequest
        {
            Job = new Job { Id = id, Spec = new JobSpec { Cluster = new ClusterSection { MinWorkers = 1 } } },
            UpdateMask = new Google.Protobuf.WellKnownTypes.FieldMask { Paths = { "spec.cluster.min_workers" } },
        });
        Assert.Equal(1u, scaled.Spec.Cluster.MinWorkers);
        await _coordinator.Workers.DrainWorkerAsync(new DrainWorkerRequest { Name = "b" });
        await _coordinator.Jobs.ResumeJobAsync(new ResumeJobRequest { Id = id });
        var start = await a.StartAsync();
        Assert.Equal((2ul, "a"), (start.FromItem, Assert.Single(start.Assignment.Members).Worker));
        Assert.Equal(1ul, start.Checkpoint.State.Item);
    }

    [Fact]
    public async Task Streams_end_with_unavailable_when_the_coordinator_stops()
    {
        var id = await SubmitAsync();
        using var watch = _coordinator.Jobs.WatchJob(new WatchJobRequest { Id = id });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        using var logs = _coordinator.Jobs.StreamLogs(new StreamLogsRequest { Id = id, Follow = true });
        Assert.True(await logs.ResponseStream.MoveNext(default));
        var ends = new[] { DrainAsync(watch.ResponseStream), DrainAsync(logs.ResponseStream) };
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await _coordinator.StopAsync();
        foreach (var end in ends)
        {
            Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => end)).StatusCode);
        }

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"Stopping took {clock.Elapsed}.");
    }

    private static async Task DrainAsync<T>(IAsyncStreamReader<T> stream)
    {
        while (await stream.MoveNext(default))
        {
        }
    }

    private async Task<string> SubmitAsync(uint minWorkers = 1, uint? maxWorkers = null)
    {
        var spec = _spec.Clone();
        spec.Cluster = new ClusterSection { MinWorkers = minWorkers };
        if (maxWorkers is { } max)
        {
            spec.Cluster.MaxWorkers = max;
        }

        return (await _coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec })).Id;
    }

    private async Task<(FakeNode A, FakeNode B)> TwoNodesAsync() => (await NodeAsync("a", 1), await NodeAsync("b", 2));

    private async Task<FakeNode> NodeAsync(string name, int count)
    {
        var node = new FakeNode(name, _coordinator.Cluster);
        _nodes.Add(node);
        await _coordinator.AwaitWorkersAsync(count);
        return node;
    }
}
