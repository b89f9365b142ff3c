using System.Diagnostics;
using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Coordinator.Tests.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests;

/// <summary>PostgreSQL is paused, killed and started again under a coordinator with a job: nobody notices more than errors that say what is the matter.</summary>
[Trait("Category", "Long")]
public sealed class StoreOutageTests(PostgresFixture fixture) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private StoreAddress _address = null!;
    private TestCoordinator _coordinator = null!;
    private FakeNode _node = null!;
    private JobSpec _spec = null!;

    public async ValueTask InitializeAsync()
    {
        _address = StoreAddress.Parse(fixture.Server.NewDatabase());
        _spec = SmallData.Spec(_folder.Path);
        _coordinator = await TestCoordinator.StartAsync(_folder.Path, _address);
        _node = new FakeNode("a", _coordinator.Cluster);
        await _coordinator.AwaitWorkersAsync(1);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _coordinator.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task While_it_is_silent_calls_say_so_and_training_goes_on_and_afterwards_all_goes_on_by_itself()
    {
        var id = await RunningAsync();
        fixture.Server.Pause();
        try
        {
            var first = await RefusalAsync(id);
            Assert.Equal($"The coordinator's store {_address} does not answer: it is silent. Try again; what trains goes on meanwhile.", first.Message);
            Assert.InRange(first.After, TimeSpan.Zero, TimeSpan.FromSeconds(12));
            Assert.InRange((await RefusalAsync(id)).After, TimeSpan.Zero, TimeSpan.FromSeconds(9));
            var submitted = await Assert.ThrowsAsync<RpcException>(async () => await _coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = _spec }));
            Assert.Equal(StatusCode.Unavailable, submitted.StatusCode);
        }
        finally
        {
            fixture.Server.Continue();
        }

        await AnswersAsync(id, job => job.State == JobState.Running);
        await EndsWellAsync(id);
    }

    [Fact]
    public async Task Killed_and_started_again_it_finds_the_job_at_its_end()
    {
        var id = await RunningAsync();
        await fixture.Server.KillAsync();
        Assert.StartsWith($"The coordinator's store {_address} does not answer: ", (await RefusalAsync(id)).Message, StringComparison.Ordinal);
        _node.Train(); // What its entity wants to store, and cannot.
        await fixture.Server.StartAgainAsync();
        await AnswersAsync(id, job => job.Message.StartsWith("The coordinator came back and found a at work.", StringComparison.Ordinal));
        await EndsWellAsync(id);
    }

    [Fact]
    public async Task A_coordinator_waits_for_it_to_come()
    {
        var id = await RunningAsync();
        await _coordinator.StopAsync();
        await fixture.Server.KillAsync();
        var starting = TestCoordinator.StartAsync(_folder.Path, _address);
        await fixture.Server.StartAgainAsync();
        await using var again = await starting;
        Assert.Equal(id, Assert.Single((await again.Jobs.ListJobsAsync(new ListJobsRequest())).Jobs).Id);
    }

    private async Task<string> RunningAsync()
    {
        var spec = _spec.Clone();
        spec.Cluster = new ClusterSection { MinWorkers = 1 };
        var id = (await _coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec })).Id;
        await _node.StartAsync();
        await _coordinator.AwaitAsync(id, job => job.State == JobState.Running);
        return id;
    }

    private async Task<(string Message, TimeSpan After)> RefusalAsync(string id)
    {
        var clock = Stopwatch.StartNew();
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await _coordinator.Jobs.GetJobAsync(new GetJobRequest { Id = id }));
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
        return (refused.Status.Detail, clock.Elapsed);
    }

    // The node was neither fenced nor released: its generation is the first one.
    private async Task EndsWellAsync(string id)
    {
        _node.Train();
        _node.Finish();
        var job = await AnswersAsync(id, job => job.State == JobState.Succeeded);
        Assert.Equal((1ul, 1ul, 2), (job.Term, job.Generation, job.Epochs.Count));
    }

    // Whoever waits asks again, as every client does.
    private async Task<Job> AnswersAsync(string id, Func<Job, bool> condition)
    {
        for (var patience = Stopwatch.StartNew(); ; await Task.Delay(50, TestContext.Current.CancellationToken))
        {
            try
            {
                var job = await _coordinator.Jobs.GetJobAsync(new GetJobRequest { Id = id });
                if (condition(job))
                {
                    return job;
                }

                Assert.True(patience.Elapsed < TimeSpan.FromSeconds(40), $"{job}");
            }
            catch (RpcException away) when (away.StatusCode == StatusCode.Unavailable && patience.Elapsed < TimeSpan.FromSeconds(40))
            {
                // Not yet.
            }
        }
    }
}
