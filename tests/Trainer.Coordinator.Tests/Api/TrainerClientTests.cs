using System.Security.Cryptography;
using Trainer.Client;
using Trainer.Kernels;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>The typed client against a coordinator in this process, whose node only pretends to train.</summary>
public sealed class TrainerClientTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private TestCoordinator _coordinator = null!;
    private JobPlan _plan = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _coordinator = await TestCoordinator.StartAsync(_folder.Path);
        var recipe = new TrainingRecipe(new Kernels.Training.Sgd(LearningRate: 0.5)) { Epochs = 2 };
        _plan = new JobPlan("small", Zoo.Create("lenet", new Shape(1, 28, 28), classes: 10), recipe, new Data { Idx = SmallData.Write(_folder.Path) }, BatchSize: 32) { Seed = 7 };
    }

    public async ValueTask DisposeAsync()
    {
        await _coordinator.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_model_and_a_recipe_are_trained_watched_and_fetched()
    {
        using var client = Connect();
        var job = await client.SubmitAsync(_plan, Stop);
        Assert.Equal((2u, 32u, 7ul, "anna"), (job.Spec.Training.Epochs, job.Spec.Training.BatchSize, job.Spec.Training.Seed, job.Creator));
        Assert.Equal(_plan.Model.ToJson(), Kernels.Models.Model.FromJson(JobFile.ModelJson(job.Spec.Model), _plan.Model.Input).ToJson());

        var seen = WatchAsync(client, job.Id);
        await using var node = new FakeNode("a", _coordinator.Cluster);
        await node.StartAsync();
        node.Train();
        node.Finish();
        var states = await seen;
        await node.ReleaseAsync();
        Assert.Equal((JobState.Queued, JobState.Succeeded), (states[0], states[^1]));
        Assert.Equal(JobState.Succeeded, (await client.WaitAsync(job.Id, Stop)).State);

        var bytes = RandomNumberGenerator.GetBytes(100_003);
        Directory.CreateDirectory(Path.Combine(_folder.Path, "jobs", job.Id));
        await File.WriteAllBytesAsync(Path.Combine(_folder.Path, "jobs", job.Id, "model.safetensors"), bytes, Stop);
        var file = Path.Combine(_folder.Path, "mine");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), await client.DownloadAsync(job.Id, "model.safetensors", file, Stop));
        Assert.Equal(bytes, await File.ReadAllBytesAsync(file, Stop));
        Assert.Single(Directory.GetFiles(_folder.Path, "mine*"));

        var log = await client.LogsAsync(job.Id, stop: Stop).ToListAsync(Stop);
        Assert.Equal(log.Select(entry => entry.Sequence).Distinct().Order(), log.Select(entry => entry.Sequence));
        Assert.Equal([job.Id], await client.ListAsync("state = SUCCEEDED", Stop).Select(found => found.Id).ToListAsync(Stop));
        await client.DeleteAsync(job.Id, Stop);
        await client.DeleteAsync(job.Id, Stop);
        Assert.Equal(Grpc.Core.StatusCode.NotFound, (await Assert.ThrowsAsync<TrainerException>(() => client.GetAsync(job.Id, Stop))).Status);
    }

    [Fact]
    public async Task A_submit_whose_answer_was_lost_makes_one_job()
    {
        var (broken, notices) = (new BreakingHandler("CreateJob"), new List<string>());
        using var client = Connect(options => options with { Handler = () => broken, Noticed = notices.Add });
        var job = await client.SubmitAsync(_plan, Stop);
        Assert.Equal(2, broken.Calls);
        Assert.Equal([job.Id], await client.ListAsync(stop: Stop).Select(found => found.Id).ToListAsync(Stop));
        Assert.Equal(["The connection is lost; trying again.", "Connected again."], notices.Select(notice => notice.Split(" (")[0]));
    }

    [Fact]
    public async Task A_download_that_is_broken_off_goes_on_where_it_was()
    {
        var broken = new BreakingHandler("DownloadArtifact", afterBytes: 300_000);
        using var client = Connect(options => options with { Handler = () => broken });
        var job = await client.SubmitAsync(_plan, Stop);
        var bytes = RandomNumberGenerator.GetBytes(1_000_003);
        Directory.CreateDirectory(Path.Combine(_folder.Path, "jobs", job.Id));
        await File.WriteAllBytesAsync(Path.Combine(_folder.Path, "jobs", job.Id, "metrics.jsonl"), bytes, Stop);
        await client.DownloadAsync(job.Id, "metrics.jsonl", Path.Combine(_folder.Path, "mine"), Stop);
        Assert.Equal(2, broken.Calls);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(_folder.Path, "mine"), Stop));
    }

    [Fact]
    public async Task Watching_goes_on_when_its_connection_breaks()
    {
        var broken = new BreakingHandler("WatchJob", afterBytes: 5);
        using var client = Connect(options => options with { Handler = () => broken });
        var job = await client.SubmitAsync(_plan, Stop);
        var seen = WatchAsync(client, job.Id);
        await client.CancelAsync(job.Id, Stop);
        Assert.Equal((JobState.Cancelled, true), ((await seen)[^1], broken.Calls >= 2));
    }

    [Fact]
    public async Task What_cannot_run_is_refused_field_by_field()
    {
        using var client = Connect();
        var plan = _plan with { Cluster = new ClusterSection { MinWorkers = 5, MaxWorkers = 2 } };
        var refused = await Assert.ThrowsAsync<TrainerException>(() => client.SubmitAsync(plan, Stop));
        Assert.Equal(Grpc.Core.StatusCode.InvalidArgument, refused.Status);
        Assert.EndsWith("cluster.min_workers", Assert.Single(refused.Faults).Field, StringComparison.Ordinal);
        Assert.EndsWith("cluster.min_workers: must be at most max_workers (2), got 5", refused.Message, StringComparison.Ordinal);
        var ended = await client.CancelAsync((await client.SubmitAsync(_plan, Stop)).Id, Stop);
        Assert.Equal("JOB_HAS_ENDED", (await Assert.ThrowsAsync<TrainerException>(() => client.SuspendAsync(ended.Id, Stop))).Reason);
        Assert.Throws<ArgumentException>(() => (_plan with { Recipe = _plan.Recipe with { Epochs = null } }).ToSpec());
        Assert.Throws<ArgumentException>(() => TrainerClient.Connect("trainer.example:5000"));
    }

    [Fact]
    public async Task Nobody_there_is_said_after_a_while()
    {
        using var client = TrainerClient.Connect("http://127.0.0.1:1", new TrainerClientOptions { Patience = TimeSpan.FromMilliseconds(300) });
        Assert.Equal(Grpc.Core.StatusCode.Unavailable, (await Assert.ThrowsAsync<TrainerException>(() => client.GetAsync("x", Stop))).Status);
    }

    private TrainerClient Connect(Func<TrainerClientOptions, TrainerClientOptions>? tune = null)
    {
        var options = new TrainerClientOptions { Token = TestCoordinator.Token, User = "anna" };
        return TrainerClient.Connect(_coordinator.Grpc, tune?.Invoke(options) ?? options);
    }

    private static async Task<List<JobState>> WatchAsync(TrainerClient client, string id) => await client.WatchAsync(id, Stop).Select(job => job.State).ToListAsync(Stop);
}
