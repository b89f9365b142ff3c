using Google.Rpc;
using Grpc.Core;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Steps;
using Trainer.Protos;
namespace Trainer.Coordinator.Tests.Api;

/// <summary>What a job leaves behind, as the API shows it: files, checkpoints, steps, and jobs that start from them.</summary>
public sealed class JobArtifactTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    private Protos.JobService.JobServiceClient Jobs => fixture.Coordinator.Jobs;

    [Fact]
    public async Task A_jobs_files_are_listed_and_read_from_any_offset()
    {
        var job = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec });
        Assert.Empty((await Jobs.ListArtifactsAsync(new ListArtifactsRequest { Id = job.Id })).Artifacts);
        var bytes = new byte[600_011]; // More than two chunks.
        new Random(7).NextBytes(bytes);
        var folder = Directory.CreateDirectory(Path.Combine(fixture.Folder, "jobs", job.Id)).FullName;
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), bytes);
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "not for users");

        var artifact = Assert.Single((await Jobs.ListArtifactsAsync(new ListArtifactsRequest { Id = job.Id })).Artifacts);
        Assert.Equal(("model.safetensors", 600_011ul), (artifact.Name, artifact.Bytes));
        var sum = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        foreach (var offset in new[] { 0, 1, 262_144, 599_999, 600_011 })
        {
            var chunks = await DownloadAsync(job.Id, "model.safetensors", (ulong)offset);
            Assert.Equal((600_011ul, sum), (chunks[0].Bytes, chunks[^1].Sha256));
            Assert.Equal(bytes[offset..], chunks.SelectMany(chunk => chunk.Data));
        }

        await ApiCalls.FailsAsync(DownloadAsync(job.Id, "model.safetensors", 600_012), StatusCode.OutOfRange, "OFFSET_BEYOND_END");
        await ApiCalls.FailsAsync(DownloadAsync(job.Id, "metrics.jsonl", 0), StatusCode.NotFound, "ARTIFACT_NOT_FOUND");
        await ApiCalls.FailsAsync(DownloadAsync("../store", "model.safetensors", 0), StatusCode.NotFound, "JOB_NOT_FOUND");
        var outside = await ApiCalls.FailsAsync(DownloadAsync(job.Id, "../../store/jobs.db", 0), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal("name: must be metrics.jsonl, evaluation.json, evaluation-best.json, model.safetensors or optimizer.safetensors, got '../../store/jobs.db'", outside.Status.Detail);
    }

    [Fact]
    public async Task Checkpoints_are_listed_as_their_manifests_tell_and_their_files_are_read()
    {
        var job = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec });
        var artifacts = new FolderStore(Path.Combine(fixture.Folder, "jobs", job.Id));
        Add("step-20-1-9-0", new CheckpointManifest(1, job.Id, 22, "c", 3, "") { Step = 20, Epochs = 2 });
        Add("best-step-10-1-1", new CheckpointManifest(1, job.Id, 11, "b", 3, "") { Step = 10, Epochs = 1, TestLoss = 0.4, TestAccuracy = 0.9, Input = [1, 28, 28], Classes = 10 });
        Add("best-step-5-1-1", new CheckpointManifest(1, job.Id, 6, "a", 3, "") { Step = 5, Epochs = 1, TestLoss = 0.5, TestAccuracy = 0.8 });
        Add("torn", new CheckpointManifest(1, job.Id, 30, "d", 4, "") { Step = 30 });
        Add("later", new CheckpointManifest(2, job.Id, 31, "e", 3, "") { Step = 31 });
        artifacts.Put("checkpoints/unfinished/state.bin", "123"u8);
        artifacts.Put("checkpoints/odd/state.bin", "123"u8);
        artifacts.Put("checkpoints/odd/manifest.json", "{"u8);

        var listed = (await Jobs.ListCheckpointsAsync(new ListCheckpointsRequest { Id = job.Id })).Checkpoints;
        Assert.Equal([(5ul, false), (10, true), (20, false)], listed.Select(checkpoint => (checkpoint.Step, checkpoint.Best)));
        Assert.Equal((0.4, 0.9, 10u, "b"), (listed[1].TestLoss, listed[1].TestAccuracy, listed[1].Classes, listed[1].Hash));
        Assert.False(listed[2].HasTestAccuracy);
        var state = await DownloadAsync(job.Id, "checkpoints/best-step-10-1-1/state.bin", 1);
        Assert.Equal("23"u8.ToArray(), state.SelectMany(chunk => chunk.Data));
        await ApiCalls.FailsAsync(DownloadAsync(job.Id, "checkpoints/../model.safetensors", 0), StatusCode.InvalidArgument, "INVALID_REQUEST");
        await ApiCalls.FailsAsync(DownloadAsync(job.Id, "checkpoints/none/state.bin", 0), StatusCode.NotFound, "ARTIFACT_NOT_FOUND");

        void Add(string id, CheckpointManifest manifest)
        {
            artifacts.Put(CheckpointManifest.KeyOf(id, CheckpointManifest.StateFile), "123"u8);
            artifacts.Put(CheckpointManifest.KeyOf(id, CheckpointManifest.ManifestFile), manifest.ToJson());
        }
    }

    [Fact]
    public async Task What_steps_came_to_is_told_whole_and_as_curves()
    {
        var job = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec });
        Assert.Empty((await Jobs.QueryMetricsAsync(new QueryMetricsRequest { Id = job.Id })).Series);
        var steps = Enumerable.Range(1, 5003).Select(step => new StepRecord((ulong)step, 1, DateTime.UnixEpoch, 10.0 / step, 0.5, 0.1, null, 100, default)).ToArray();
        steps[1000] = steps[1000] with { Loss = 77 };
        new StepWriter(new FolderStore(Path.Combine(fixture.Folder, "jobs", job.Id)), 1, 1).Append(steps);

        var curves = (await Jobs.QueryMetricsAsync(new QueryMetricsRequest { Id = job.Id, MaxPoints = 100 })).Series;
        Assert.Equal(["loss", "accuracy", "learning_rate", "images_per_second", "data_seconds", "forward_seconds", "backward_seconds", "allreduce_seconds", "optimizer_seconds"], curves.Select(curve => curve.Metric));
        Assert.InRange(curves[0].Points.Count, 50, 100);
        Assert.Contains(new MetricPoint { Step = 1001, Value = 77 }, curves[0].Points);
        var part = Assert.Single((await Jobs.QueryMetricsAsync(new QueryMetricsRequest { Id = job.Id, Metrics = { "loss" }, FirstStep = 4, LastStep = 6 })).Series);
        Assert.Equal([(4ul, 2.5), (5, 2), (6, 10.0 / 6)], part.Points.Select(point => (point.Step, point.Value)));

        using var call = Jobs.StreamMetrics(new StreamMetricsRequest { Id = job.Id, AfterStep = 3 });
        Assert.Equal(steps[3..], (await call.ResponseStream.ReadAllAsync().ToListAsync()).Select(StepRecord.Of));
        using var follow = Jobs.StreamMetrics(new StreamMetricsRequest { Id = job.Id, AfterStep = 5000, Follow = true });
        Assert.True(await follow.ResponseStream.MoveNext(default));
        await Jobs.CancelJobAsync(new CancelJobRequest { Id = job.Id });
        Assert.Equal([5002ul, 5003], (await follow.ResponseStream.ReadAllAsync().ToListAsync()).Select(step => step.Step));

        await ApiCalls.FailsAsync(Jobs.QueryMetricsAsync(new QueryMetricsRequest { Id = "none" }), StatusCode.NotFound, "JOB_NOT_FOUND");
        await RefusesAsync(new QueryMetricsRequest { MaxPoints = 1 }, "max_points: must be 2 to 10000, or 0 for 1000, got 1");
        await RefusesAsync(new QueryMetricsRequest { MaxPoints = 10_001 }, "max_points: must be 2 to 10000, or 0 for 1000, got 10001");
        await RefusesAsync(new QueryMetricsRequest { FirstStep = 3, LastStep = 2 }, "first_step: must not be behind last_step, got 3 and 2");
        await RefusesAsync(
            new QueryMetricsRequest { Metrics = { "lost" } },
            "metrics: must be of loss, accuracy, learning_rate, gradient_norm, images_per_second, data_seconds, forward_seconds, backward_seconds, allreduce_seconds, optimizer_seconds, got 'lost'");

        async Task RefusesAsync(QueryMetricsRequest request, string text)
        {
            request.Id = job.Id;
            Assert.Equal(text, (await ApiCalls.FailsAsync(Jobs.QueryMetricsAsync(request), StatusCode.InvalidArgument, "INVALID_REQUEST")).Status.Detail);
        }
    }

    private async Task<List<ArtifactChunk>> DownloadAsync(string job, string name, ulong offset)
    {
        using var call = Jobs.DownloadArtifact(new DownloadArtifactRequest { Id = job, Name = name, Offset = offset });
        return await call.ResponseStream.ReadAllAsync().ToListAsync();
    }

    [Fact]
    public async Task A_job_starts_from_a_checkpoint_of_another_which_is_pinned_until_it_is_deleted()
    {
        var source = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec });
        var artifacts = new FolderStore(Path.Combine(fixture.Folder, "jobs", source.Id));
        Add("best-step-3-1-1", new CheckpointManifest(1, source.Id, 4, "00000000000000ab", 3, "") { Step = 3, Epochs = 1, TestLoss = 0.4, TestAccuracy = 0.9 });
        Add("step-4-1-9-0", new CheckpointManifest(1, source.Id, 5, "00000000000000cd", 3, "") { Step = 4, Epochs = 1 });
        var fork = source.Spec.Clone();
        fork.Training.Init = new Init { From = new InitFrom { Job = source.Id, Checkpoint = "last" } };
        fork.Training.Optimizer.Sgd.Lr = 0.25;

        var tried = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fork, ValidateOnly = true });
        Assert.Empty(CheckpointPins.On(new FolderStore(Path.Combine(artifacts.Location, "checkpoints", "step-4-1-9-0"))));
        var job = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fork });
        Assert.Equal(job.Spec, tried.Spec);
        Assert.Equal(("4", "00000000000000cd", "state"), (job.Spec.Training.Init.From.Checkpoint, job.Spec.Training.Init.From.Hash, job.Spec.Training.Init.From.Take));
        await Jobs.PinCheckpointAsync(new PinCheckpointRequest { Id = source.Id, Checkpoint = "best" });
        var pinned = await Jobs.PinCheckpointAsync(new PinCheckpointRequest { Id = source.Id, Checkpoint = "4" });
        Assert.Equal([job.Id, "user"], pinned.PinnedBy);
        var listed = (await Jobs.ListCheckpointsAsync(new ListCheckpointsRequest { Id = source.Id })).Checkpoints;
        Assert.Equal(["user", string.Join(", ", new[] { job.Id, "user" }.Order())], listed.Select(checkpoint => string.Join(", ", checkpoint.PinnedBy.Order())));
        Assert.Equal([job.Id], (await Jobs.UnpinCheckpointAsync(new UnpinCheckpointRequest { Id = source.Id, Checkpoint = "4" })).PinnedBy);
        var none = await ApiCalls.FailsAsync(Jobs.PinCheckpointAsync(new PinCheckpointRequest { Id = source.Id, Checkpoint = "5" }), StatusCode.NotFound, "CHECKPOINT_NOT_FOUND");
        Assert.Equal($"There is no such checkpoint of job {source.Id}: it has no checkpoint of step 5; it has those of steps 3, 4.", none.Status.Detail);

        await Jobs.CancelJobAsync(new CancelJobRequest { Id = source.Id });
        var inUse = await ApiCalls.FailsAsync(Jobs.DeleteJobAsync(new DeleteJobRequest { Id = source.Id }), StatusCode.FailedPrecondition, "JOB_IN_USE");
        Assert.Equal($"Job {job.Id} starts from a checkpoint of job {source.Id}: wait for its end, or cancel it first.", inUse.Status.Detail);
        await Jobs.CancelJobAsync(new CancelJobRequest { Id = job.Id });
        await Jobs.DeleteJobAsync(new DeleteJobRequest { Id = job.Id });
        Assert.Empty((await Jobs.ListCheckpointsAsync(new ListCheckpointsRequest { Id = source.Id })).Checkpoints[1].PinnedBy);

        await RefusedAsync("training.init.from.job", "there is no job nobody in this cluster", spec => spec.Training.Init.From.Job = "nobody");
        await RefusedAsync("training.init.from.checkpoint", $"job {source.Id}: it has no checkpoint of step 7; it has those of steps 3, 4", spec => spec.Training.Init.From.Checkpoint = "7");
        await RefusedAsync("training.init.from.hash", $"job {source.Id} has no checkpoint whose state has the hash 00000000000000ee", spec => spec.Training.Init.From.Hash = "00000000000000ee");
        await RefusedAsync("training.epochs", "must be more than the 1 that the checkpoint has behind it, got 1", spec => spec.Training.Epochs = 1);
        const string instead = "; training.init.from.take: weights begins at step 0 with its weights, whatever else differs";
        await RefusedAsync("training.batch_size", $"must be 32, that of job {source.Id}, whose training goes on, got 16{instead}", spec => spec.Training.BatchSize = 16);
        await RefusedAsync("training.seed", $"must be 0, that of job {source.Id}, whose order of images goes on, got 5{instead}", spec => spec.Training.Seed = 5);
        await RefusedAsync("training.optimizer", $"must keep what that of job {source.Id} keeps, whose state goes on{instead}", spec => spec.Training.Optimizer.Sgd.Momentum = 0.5);
        await RefusedAsync("training.averaging", $"must be left out as in job {source.Id}, whose state goes on{instead}", spec => spec.Training.Averaging = new Averaging { Ema = new Ema() });
        await RefusedAsync("data", $"must be that of job {source.Id}, whose training goes on{instead}", spec => spec.Data.Shuffle = false);
        await RefusedAsync(
            "training.loss", $"must weigh or ignore classes as that of job {source.Id} does, whose state has a place for it and goes on{instead}",
            spec => spec.Training.Loss = new Loss { CrossEntropy = new CrossEntropy { IgnoreIndex = 3 } });
        await RefusedAsync("model", $"must be that of job {source.Id}, which the job starts from; another one takes what fits of exported weights: init.weights with strict: false", spec => spec.Model.Width = 2);
        (fork.Training.BatchSize, fork.Training.Seed, fork.Training.Init.From.Take) = (16, 5, "weights");
        fork.Training.Loss = new Loss { CrossEntropy = new CrossEntropy { IgnoreIndex = 3 } };
        Assert.Equal("4", (await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fork, ValidateOnly = true })).Spec.Training.Init.From.Checkpoint);

        async Task RefusedAsync(string field, string problem, Action<JobSpec> change)
        {
            var spec = fork.Clone();
            change(spec);
            var error = await ApiCalls.FailsAsync(Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }), StatusCode.InvalidArgument, "INVALID_JOB");
            Assert.Equal([(field, problem)], error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Select(fault => (fault.Field, fault.Description)));
        }

        void Add(string id, CheckpointManifest manifest)
        {
            artifacts.Put(CheckpointManifest.KeyOf(id, CheckpointManifest.StateFile), "123"u8);
            artifacts.Put(CheckpointManifest.KeyOf(id, CheckpointManifest.ManifestFile), manifest.ToJson());
        }
    }
}
