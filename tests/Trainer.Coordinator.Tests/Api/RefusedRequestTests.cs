using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Trainer.Protos;
namespace Trainer.Coordinator.Tests.Api;

/// <summary>What the API refuses, and in which words.</summary>
public sealed class RefusedRequestTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    private readonly TestCoordinator _coordinator = fixture.Coordinator;

    private Protos.JobService.JobServiceClient Jobs => _coordinator.Jobs;

    [Theory]
    [InlineData(31, "INVALID_JOB", "This job cannot run: model.layers[0]PATH: layers are nested in more than 30 containers")]
    [InlineData(60, "INVALID_REQUEST", ApiCalls.TooDeep)]
    [InlineData(1999, "INVALID_REQUEST", ApiCalls.TooDeep)]
    public async Task Layers_that_are_nested_beyond_the_limit_are_refused_by_its_own_name(int depth, string reason, string message)
    {
        var request = new CreateJobRequest { Spec = ApiCalls.Nested(fixture.Spec, depth) };

        var error = await ApiCalls.FailsAsync(Jobs.CreateJobAsync(request), StatusCode.InvalidArgument, reason);

        Assert.Equal(message.Replace("PATH", string.Concat(Enumerable.Repeat(".sequential.layers[0]", depth)), StringComparison.Ordinal), error.Status.Detail);
    }

    [Fact]
    public async Task A_job_that_cannot_run_is_refused_with_its_faults()
    {
        var spec = fixture.Spec.Clone();
        spec.Training.Epochs = 0;
        spec.Training.Optimizer.Sgd.Lr = -1;
        var error = await ApiCalls.FailsAsync(Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }), StatusCode.InvalidArgument, "INVALID_JOB");
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
        var error = await ApiCalls.FailsAsync(Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }), StatusCode.InvalidArgument, "INVALID_JOB");
        Assert.StartsWith($"This job cannot run: data.idx.test_labels: {path}: ", error.Status.Detail);
    }

    [Fact]
    public async Task A_path_and_faults_longer_than_an_answer_has_room_for_are_cut_and_say_so()
    {
        var spec = fixture.Spec.Clone();
        spec.Data.Idx.TrainImages = "/" + new string('x', 5000);
        var error = await ApiCalls.FailsAsync(Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }), StatusCode.InvalidArgument, "INVALID_JOB");
        Assert.StartsWith("This job cannot run: data.idx.train_images: /xxx", error.Status.Detail);
        Assert.Matches(@" \.\.\. \(5\d\d\d characters\)$", error.Status.Detail);

        spec = fixture.Spec.Clone();
        spec.Training.Optimizer.Sgd.Lr = -1;
        spec.Name = new string('ü', 50_000);
        error = await ApiCalls.FailsAsync(Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }), StatusCode.InvalidArgument, "INVALID_JOB");
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

        var error = await ApiCalls.FailsAsync(Jobs.CreateJobAsync(request), StatusCode.InvalidArgument, "INVALID_JOB");

        var faults = error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations;
        Assert.Equal(["training.optimizer.sgd.57", "57"], faults.Select(fault => fault.Field));
        Assert.Equal(
            $"a field of this number is not known to this coordinator, which is of release {Hosting.TrainerVersion.Current}; leave the option out, or use a coordinator that has it",
            faults[0].Description);
    }

    [Fact]
    public async Task A_state_that_there_is_not_is_no_filter()
    {
        var error = await ApiCalls.FailsAsync(Jobs.ListJobsAsync(new ListJobsRequest { States = { JobState.Queued, (JobState)57 } }), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal(
            "states[1]: must be QUEUED, STARTING, RUNNING, RECOVERING, SUSPENDING, SUSPENDED, CANCELLING, SUCCEEDED, FAILED or CANCELLED, got 57", error.Status.Detail);
        error = await ApiCalls.FailsAsync(Jobs.ListJobsAsync(new ListJobsRequest { States = { JobState.Unspecified } }), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.EndsWith(", got UNSPECIFIED", error.Status.Detail);
    }

    [Fact]
    public async Task Requests_that_make_no_sense_name_the_field()
    {
        var error = await ApiCalls.FailsAsync(Jobs.CreateJobAsync(new CreateJobRequest { RequestId = "seven" }), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal("request_id: must be a UUID, got 'seven'", error.Status.Detail);
        error = await ApiCalls.FailsAsync(Jobs.ListJobsAsync(new ListJobsRequest { PageSize = 1001 }), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal("page_size: must be 0 (for 50) to 1000, got 1001", error.Status.Detail);
        await ApiCalls.FailsAsync(Jobs.GetJobAsync(new GetJobRequest()), StatusCode.InvalidArgument, "INVALID_REQUEST");
        await ApiCalls.FailsAsync(Jobs.ListJobsAsync(new ListJobsRequest { PageToken = "?" }), StatusCode.InvalidArgument, "INVALID_REQUEST");
    }

    // As a client would send it whose definitions have the field.
    private static T WithField57<T>(T message)
        where T : IMessage<T>, new() =>
        new MessageParser<T>(() => new T()).ParseFrom([.. message.ToByteArray(), 0xC8, 0x03, 0x01]);
}
