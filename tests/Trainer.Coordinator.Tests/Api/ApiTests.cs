using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Steps;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>One coordinator without workers, over real sockets.</summary>
public sealed class ApiTests(ApiTests.Fixture fixture) : IClassFixture<ApiTests.Fixture>
{
    private readonly TestCoordinator _coordinator = fixture.Coordinator;

    /// <summary>Further than protobuf reads, which is before anybody has looked at the request.</summary>
    internal const string TooDeep = "The request cannot be read: it is nested deeper than 100 messages, which is as far as protobuf's readers go, or is not the message that this call takes. "
        + "The layers of a model are nested in 30 containers at most.";

    private Protos.JobService.JobServiceClient Jobs => _coordinator.Jobs;

    [Fact]
    public async Task A_job_is_made_once_per_request_id()
    {
        var request = new CreateJobRequest { Spec = fixture.Spec, RequestId = Guid.NewGuid().ToString() };
        var job = await Jobs.CreateJobAsync(request);
        Assert.Equal((JobState.Queued, 4u), (job.State, job.Spec.Training.Shards));
        Assert.Equal(job.Id, (await Jobs.CreateJobAsync(request)).Id);
        request.RequestId = request.RequestId.ToUpperInvariant();
        Assert.Equal(job.CreateTime, (await Jobs.CreateJobAsync(request)).CreateTime);
        request.Spec = fixture.Spec.Clone();
        request.Spec.Training.Epochs++;
        var error = await FailsAsync(Jobs.CreateJobAsync(request), StatusCode.AlreadyExists, "JOB_EXISTS");
        Assert.Equal($"Job {job.Id} was made by another request with this request_id. Each job needs a request_id of its own.", error.Status.Detail);
        var read = await Jobs.GetJobAsync(new GetJobRequest { Id = job.Id });
        job.Message = read.Message; // the scheduler may have said meanwhile why it waits
        Assert.Equal(job, read);
        Assert.NotEqual(job.Id, (await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec })).Id);
    }

    [Theory]
    [InlineData(31, "INVALID_JOB", "This job cannot run: model.layers[0]PATH: layers are nested in more than 30 containers")]
    [InlineData(60, "INVALID_REQUEST", TooDeep)]
    [InlineData(1999, "INVALID_REQUEST", TooDeep)]
    public async Task Layers_that_are_nested_beyond_the_limit_are_refused_by_its_own_name(int depth, string reason, string message)
    {
        var request = new CreateJobRequest { Spec = Nested(fixture.Spec, depth) };

        var error = await FailsAsync(Jobs.CreateJobAsync(request), StatusCode.InvalidArgument, reason);

        Assert.Equal(message.Replace("PATH", string.Concat(Enumerable.Repeat(".sequential.layers[0]", depth)), StringComparison.Ordinal), error.Status.Detail);
    }

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

        await FailsAsync(DownloadAsync(job.Id, "model.safetensors", 600_012), StatusCode.OutOfRange, "OFFSET_BEYOND_END");
        await FailsAsync(DownloadAsync(job.Id, "metrics.jsonl", 0), StatusCode.NotFound, "ARTIFACT_NOT_FOUND");
        await FailsAsync(DownloadAsync("../store", "model.safetensors", 0), StatusCode.NotFound, "JOB_NOT_FOUND");
        var outside = await FailsAsync(DownloadAsync(job.Id, "../../store/jobs.db", 0), StatusCode.InvalidArgument, "INVALID_REQUEST");
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
        await FailsAsync(DownloadAsync(job.Id, "checkpoints/../model.safetensors", 0), StatusCode.InvalidArgument, "INVALID_REQUEST");
        await FailsAsync(DownloadAsync(job.Id, "checkpoints/none/state.bin", 0), StatusCode.NotFound, "ARTIFACT_NOT_FOUND");

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

        await FailsAsync(Jobs.QueryMetricsAsync(new QueryMetricsRequest { Id = "none" }), StatusCode.NotFound, "JOB_NOT_FOUND");
        await RefusesAsync(new QueryMetricsRequest { MaxPoints = 1 }, "max_points: must be 2 to 10000, or 0 for 1000, got 1");
        await RefusesAsync(new QueryMetricsRequest { MaxPoints = 10_001 }, "max_points: must be 2 to 10000, or 0 for 1000, got 10001");
        await RefusesAsync(new QueryMetricsRequest { FirstStep = 3, LastStep = 2 }, "first_step: must not be behind last_step, got 3 and 2");
        await RefusesAsync(
            new QueryMetricsRequest { Metrics = { "lost" } },
            "metrics: must be of loss, accuracy, learning_rate, gradient_norm, images_per_second, data_seconds, forward_seconds, backward_seconds, allreduce_seconds, optimizer_seconds, got 'lost'");

        async Task RefusesAsync(QueryMetricsRequest request, string text)
        {
            request.Id = job.Id;
            Assert.Equal(text, (await FailsAsync(Jobs.QueryMetricsAsync(request), StatusCode.InvalidArgument, "INVALID_REQUEST")).Status.Detail);
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
        var none = await FailsAsync(Jobs.PinCheckpointAsync(new PinCheckpointRequest { Id = source.Id, Checkpoint = "5" }), StatusCode.NotFound, "CHECKPOINT_NOT_FOUND");
        Assert.Equal($"There is no such checkpoint of job {source.Id}: it has no checkpoint of step 5; it has those of steps 3, 4.", none.Status.Detail);

        await Jobs.CancelJobAsync(new CancelJobRequest { Id = source.Id });
        var inUse = await FailsAsync(Jobs.DeleteJobAsync(new DeleteJobRequest { Id = source.Id }), StatusCode.FailedPrecondition, "JOB_IN_USE");
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
        await RefusedAsync("data", $"must be that of job {source.Id}, whose training goes on{instead}", spec => spec.Data.Shuffle = false);
        await RefusedAsync("model", $"must be that of job {source.Id}, which the job starts from; another one takes what fits of exported weights: init.weights with strict: false", spec => spec.Model.Width = 2);
        (fork.Training.BatchSize, fork.Training.Seed, fork.Training.Init.From.Take) = (16, 5, "weights");
        Assert.Equal("4", (await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fork, ValidateOnly = true })).Spec.Training.Init.From.Checkpoint);

        async Task RefusedAsync(string field, string problem, Action<JobSpec> change)
        {
            var spec = fork.Clone();
            change(spec);
            var error = await FailsAsync(Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }), StatusCode.InvalidArgument, "INVALID_JOB");
            Assert.Equal([(field, problem)], error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Select(fault => (fault.Field, fault.Description)));
        }

        void Add(string id, CheckpointManifest manifest)
        {
            artifacts.Put(CheckpointManifest.KeyOf(id, CheckpointManifest.StateFile), "123"u8);
            artifacts.Put(CheckpointManifest.KeyOf(id, CheckpointManifest.ManifestFile), manifest.ToJson());
        }
    }

    [Fact]
    public async Task Validate_only_makes_nothing()
    {
        var before = (await Jobs.ListJobsAsync(new ListJobsRequest { PageSize = 1000 })).Jobs.Count;
        var job = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec, ValidateOnly = true });
        Assert.Equal(("", 4u), (job.Id, job.Spec.Training.Shards));
        Assert.Equal(before, (await Jobs.ListJobsAsync(new ListJobsRequest { PageSize = 1000 })).Jobs.Count);
    }

    [Fact]
    public async Task A_job_that_cannot_run_is_refused_with_its_faults()
    {
        var spec = fixture.Spec.Clone();
        spec.Training.Epochs = 0;
        spec.Training.Optimizer.Sgd.Lr = -1;
        var error = await FailsAsync(Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }), StatusCode.InvalidArgument, "INVALID_JOB");
        var faults = error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations;
        Assert.Equal(["training.epochs", "training.optimizer.sgd.lr"], faults.Select(fault => fault.Field));
        Assert.Equal("must be greater than 0, got -1", faults[1].Description);
        Assert.EndsWith("(and 1 more)", error.Status.Detail);
    }

    [Fact]
    public async Task Creates_that_name_a_pipe_hold_nobody_up()
    {
        var pipe = Path.Combine(fixture.Folder, $"pipe-{Guid.NewGuid():n}");
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", [pipe]))
        {
            await mkfifo.WaitForExitAsync();
        }

        var spec = fixture.Spec.Clone();
        spec.Data.Idx.TrainImages = pipe;
        var creates = Enumerable.Range(0, 150).Select(_ => Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }, deadline: DateTime.UtcNow.AddSeconds(60)).ResponseAsync).ToList();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(20) };
        Assert.Equal("Healthy", await http.GetStringAsync($"{_coordinator.Http}/healthz"));

        foreach (var create in creates)
        {
            var error = await Assert.ThrowsAsync<RpcException>(() => create);
            Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
            Assert.Equal($"This job cannot run: data.idx.train_images: {pipe}: is a named pipe; expected a regular file", error.Status.Detail);
        }
    }

    [Theory]
    [InlineData("/dev/tty")]
    [InlineData("/dev/zero")]
    public async Task A_device_as_data_is_refused(string path)
    {
        var spec = fixture.Spec.Clone();
        spec.Data.Idx.TestLabels = path;
        var error = await FailsAsync(Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }), StatusCode.InvalidArgument, "INVALID_JOB");
        Assert.StartsWith($"This job cannot run: data.idx.test_labels: {path}: ", error.Status.Detail);
    }

    [Fact]
    public async Task A_path_and_faults_longer_than_an_answer_has_room_for_are_cut_and_say_so()
    {
        var spec = fixture.Spec.Clone();
        spec.Data.Idx.TrainImages = "/" + new string('x', 5000);
        var error = await FailsAsync(Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }), StatusCode.InvalidArgument, "INVALID_JOB");
        Assert.StartsWith("This job cannot run: data.idx.train_images: /xxx", error.Status.Detail);
        Assert.Matches(@" \.\.\. \(5\d\d\d characters\)$", error.Status.Detail);

        spec = fixture.Spec.Clone();
        spec.Training.Optimizer.Sgd.Lr = -1;
        spec.Name = new string('ü', 50_000);
        error = await FailsAsync(Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }), StatusCode.InvalidArgument, "INVALID_JOB");
        Assert.NotEmpty(error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations);
    }

    [Fact]
    public async Task A_request_that_is_too_large_is_told_so()
    {
        var spec = fixture.Spec.Clone();
        spec.Name = new string('x', 5 << 20);
        var error = await Assert.ThrowsAsync<RpcException>(() => Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }).ResponseAsync);
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
    }

    [Fact]
    public async Task Options_of_a_later_release_are_refused_by_number()
    {
        var spec = fixture.Spec.Clone();
        spec.Training.Optimizer.Sgd = WithField57(spec.Training.Optimizer.Sgd);
        var request = WithField57(new CreateJobRequest { Spec = spec });

        var error = await FailsAsync(Jobs.CreateJobAsync(request), StatusCode.InvalidArgument, "INVALID_JOB");

        var faults = error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations;
        Assert.Equal(["training.optimizer.sgd.57", "57"], faults.Select(fault => fault.Field));
        Assert.Equal(
            $"a field of this number is not known to this coordinator, which is of release {Hosting.TrainerVersion.Current}; leave the option out, or use a coordinator that has it",
            faults[0].Description);
    }

    [Fact]
    public async Task A_state_that_there_is_not_is_no_filter()
    {
        var error = await FailsAsync(Jobs.ListJobsAsync(new ListJobsRequest { States = { JobState.Queued, (JobState)57 } }), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal(
            "states[1]: must be QUEUED, STARTING, RUNNING, RECOVERING, SUSPENDING, SUSPENDED, CANCELLING, SUCCEEDED, FAILED or CANCELLED, got 57", error.Status.Detail);
        error = await FailsAsync(Jobs.ListJobsAsync(new ListJobsRequest { States = { JobState.Unspecified } }), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.EndsWith(", got UNSPECIFIED", error.Status.Detail);
    }

    [Fact]
    public async Task Requests_that_make_no_sense_name_the_field()
    {
        var error = await FailsAsync(Jobs.CreateJobAsync(new CreateJobRequest { RequestId = "seven" }), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal("request_id: must be a UUID, got 'seven'", error.Status.Detail);
        error = await FailsAsync(Jobs.ListJobsAsync(new ListJobsRequest { PageSize = 1001 }), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal("page_size: must be 0 (for 50) to 1000, got 1001", error.Status.Detail);
        await FailsAsync(Jobs.GetJobAsync(new GetJobRequest()), StatusCode.InvalidArgument, "INVALID_REQUEST");
        await FailsAsync(Jobs.ListJobsAsync(new ListJobsRequest { PageToken = "?" }), StatusCode.InvalidArgument, "INVALID_REQUEST");
    }

    [Fact]
    public async Task Unknown_jobs_are_not_found()
    {
        var error = await FailsAsync(Jobs.GetJobAsync(new GetJobRequest { Id = "nobody" }), StatusCode.NotFound, "JOB_NOT_FOUND");
        Assert.Equal("There is no job nobody.", error.Status.Detail);
        await FailsAsync(Jobs.CancelJobAsync(new CancelJobRequest { Id = "nobody" }), StatusCode.NotFound, "JOB_NOT_FOUND");
        using var watch = Jobs.WatchJob(new WatchJobRequest { Id = "nobody" });
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext(default))).StatusCode);
        using var logs = Jobs.StreamLogs(new StreamLogsRequest { Id = "nobody" });
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => logs.ResponseStream.MoveNext(default))).StatusCode);
    }

    [Fact]
    public async Task A_queued_job_is_cancelled_and_no_further()
    {
        var job = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec });
        var cancel = new CancelJobRequest { Id = job.Id, Etag = "99" };
        await FailsAsync(Jobs.CancelJobAsync(cancel), StatusCode.Aborted, "ETAG_MISMATCH");
        cancel.Etag = job.Etag;
        Assert.Equal(JobState.Cancelled, (await Jobs.CancelJobAsync(cancel)).State);
        Assert.Equal(JobState.Cancelled, (await Jobs.CancelJobAsync(cancel)).State); // The answer got lost, and it is asked again.
        var error = await FailsAsync(Jobs.SuspendJobAsync(new SuspendJobRequest { Id = job.Id }), StatusCode.FailedPrecondition, "JOB_HAS_ENDED");
        Assert.Equal($"Job {job.Id} has ended: CANCELLED.", error.Status.Detail);
        Assert.Equal(JobState.Cancelled, (await Jobs.GetJobAsync(new GetJobRequest { Id = job.Id })).State);

        var logs = await ReadAsync(Jobs.StreamLogs(new StreamLogsRequest { Id = job.Id, Follow = true }).ResponseStream);
        Assert.Equal(["QUEUED (Submitted): Waiting for workers.", "CANCELLED (Cancelled): Cancelled by the user before it started."],
            logs.Select(entry => entry.Message));
        logs = await ReadAsync(Jobs.StreamLogs(new StreamLogsRequest { Id = job.Id, AfterSequence = logs[0].Sequence }).ResponseStream);
        Assert.StartsWith("CANCELLED", Assert.Single(logs).Message);
    }

    [Fact]
    public async Task Lists_by_page_newest_first_and_by_state()
    {
        var made = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            made.Add((await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec })).Id);
        }

        await Jobs.CancelJobAsync(new CancelJobRequest { Id = made[2] });
        var (listed, request) = (new List<Job>(), new ListJobsRequest { PageSize = 2 });
        do
        {
            var page = await Jobs.ListJobsAsync(request);
            Assert.InRange(page.Jobs.Count, 1, 2);
            listed.AddRange(page.Jobs);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal(listed.Count, listed.DistinctBy(job => job.Id).Count());
        Assert.Equal(listed.OrderByDescending(job => job.CreateTime.ToDateTimeOffset()).ThenByDescending(job => job.Id, StringComparer.Ordinal), listed);
        Assert.Subset(listed.Select(job => job.Id).ToHashSet(), made.ToHashSet());
        var cancelled = (await Jobs.ListJobsAsync(new ListJobsRequest { PageSize = 1000, States = { JobState.Cancelled } })).Jobs;
        Assert.Contains(made[2], cancelled.Select(job => job.Id));
        Assert.All(cancelled, job => Assert.Equal(JobState.Cancelled, job.State));
    }

    [Fact]
    public async Task Who_is_not_in_quarantine_cannot_be_cleared()
    {
        var error = await FailsAsync(_coordinator.Workers.ClearWorkerAsync(new ClearWorkerRequest { Name = "w-7", Device = "cpu" }), StatusCode.NotFound, "NOT_QUARANTINED");
        Assert.Equal("Nothing of machine or worker w-7, device cpu, is in quarantine.", error.Status.Detail);
        await FailsAsync(_coordinator.Workers.ClearWorkerAsync(new ClearWorkerRequest()), StatusCode.InvalidArgument, "INVALID_REQUEST");
    }

    [Fact]
    public async Task Calls_need_the_token_except_health_checks()
    {
        var error = await FailsAsync(new Protos.JobService.JobServiceClient(_coordinator.Invoker).GetJobAsync(new GetJobRequest { Id = "x" }), StatusCode.Unauthenticated, "TOKEN_INVALID");
        Assert.Equal("JobService.GetJob needs the role viewer, and this call carries no token. It needs the header 'authorization: Bearer TOKEN'; an admin makes tokens with: trainer token create.", error.Status.Detail);
        error = await FailsAsync(
            new Protos.WorkerService.WorkerServiceClient(_coordinator.WithToken("wrong")).ListWorkersAsync(new ListWorkersRequest()), StatusCode.Unauthenticated, "TOKEN_INVALID");
        Assert.Equal(
            "WorkerService.ListWorkers needs the role viewer, and the token is not one of this cluster's: it is another's, or was revoked. If it was yours, ask for another; an admin makes tokens with: trainer token create.",
            error.Status.Detail);
        using var watch = new Protos.JobService.JobServiceClient(_coordinator.Invoker).WatchJob(new WatchJobRequest { Id = "x" });
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext(default))).StatusCode);

        var health = await new Health.HealthClient(_coordinator.Invoker).CheckAsync(new HealthCheckRequest());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        health = await new Health.HealthClient(_coordinator.Invoker).CheckAsync(new HealthCheckRequest { Service = "trainer.v1.JobService" });
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(() => ReflectAsync(_coordinator.Invoker))).StatusCode);
        Assert.Contains("trainer.v1.JobService", await ReflectAsync(_coordinator.WithToken(TestCoordinator.Token)));
    }

    [Fact]
    public async Task The_system_says_which_release_answers_and_in_what_arithmetic_it_computes()
    {
        var version = await new Protos.SystemService.SystemServiceClient(_coordinator.WithToken(TestCoordinator.Token)).GetVersionAsync(new GetVersionRequest());

        Assert.Matches(@"^\d+\.\d+\.\d+$", version.Release);
        Assert.Equal(("trainer.v1", true), (version.Api, version.Numerics.StartsWith("canonical-", StringComparison.Ordinal)));
        Assert.Equal(Hosting.Cluster.ClusterProtocol.Version, version.ClusterProtocol);
    }

    [Fact]
    public async Task Health_readiness_and_metrics_are_on_the_http_port()
    {
        using var http = new HttpClient { BaseAddress = new Uri(_coordinator.Http) };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/readyz")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/metrics")).StatusCode);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestCoordinator.Token);
        var metrics = await http.GetStringAsync("/metrics");
        Assert.Contains("trainer_jobs{", metrics);
        Assert.Contains("role=\"coordinator\",status=\"up\"", metrics);
    }

    // As a client would send it whose definitions have the field.
    private static T WithField57<T>(T message)
        where T : IMessage<T>, new() =>
        new MessageParser<T>(() => new T()).ParseFrom([.. message.ToByteArray(), 0xC8, 0x03, 0x01]);

    internal static Task<RpcException> FailsAsync<T>(AsyncUnaryCall<T> call, StatusCode code, string reason) => FailsAsync(call.ResponseAsync, code, reason);

    internal static async Task<RpcException> FailsAsync(Task call, StatusCode code, string reason)
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.Equal((code, reason), (error.StatusCode, error.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason));
        return error;
    }

    /// <summary>A job whose one layer is in so many containers.</summary>
    internal static JobSpec Nested(JobSpec spec, int depth)
    {
        var layer = new Layer { Relu = new Relu() };
        for (var i = 0; i < depth; i++)
        {
            layer = new Layer { Sequential = new Sequential { Layers = { layer } } };
        }

        var nested = spec.Clone();
        nested.Model = new Model { Layers = { layer } };
        return nested;
    }

    private static async Task<List<T>> ReadAsync<T>(IAsyncStreamReader<T> stream)
    {
        var all = new List<T>();
        await foreach (var item in stream.ReadAllAsync())
        {
            all.Add(item);
        }

        return all;
    }

    private static async Task<List<string>> ReflectAsync(CallInvoker invoker)
    {
        using var call = new ServerReflection.ServerReflectionClient(invoker).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(default));
        return [.. call.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name)];
    }

    public sealed class Fixture : IAsyncLifetime
    {
        private readonly TemporaryFolder _folder = new();

        internal TestCoordinator Coordinator { get; private set; } = null!;

        public JobSpec Spec { get; private set; } = null!;

        public string Folder => _folder.Path;

        public async ValueTask InitializeAsync()
        {
            Spec = SmallData.Spec(_folder.Path);
            Coordinator = await TestCoordinator.StartAsync(_folder.Path);
            await Coordinator.AwaitWorkersAsync(0);
        }

        public async ValueTask DisposeAsync()
        {
            await Coordinator.DisposeAsync();
            _folder.Dispose();
        }
    }
}
