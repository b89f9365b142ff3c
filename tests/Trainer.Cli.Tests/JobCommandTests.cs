using Google.Rpc;
using Grpc.Core;
using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;
using Status = Grpc.Core.Status;

namespace Trainer.Cli.Tests;

public sealed class JobCommandTests : ClusterCommandTests
{
    private const string MinimalJob = """
        name: tiny
        model: { zoo: lenet }
        data: { dataset: fashion-mnist }
        training:
          epochs: 1
          batch_size: 256
          optimizer: { sgd: { lr: 0.9 } }
        """;

    [Fact]
    public async Task Submit_sends_the_job_file_with_the_name_given_and_says_how_to_follow()
    {
        CreateJobRequest? got = null;
        Api.Create = request =>
        {
            got = request;
            return SampleJobs.Queued;
        };

        var run = await RunAsync("submit", JobFileWith(MinimalJob), "--name", "other");

        Assert.Equal(("", 0), (run.Errors, run.ExitCode));
        Assert.Equal("lenet (lenet-3f2a): queued, waiting for 2 workers.\nFollow it with: trainer watch lenet-3f2a\n", run.Output);
        Assert.Equal("other", got!.Spec.Name);
        Assert.Equal(0.9, got.Spec.Training.Optimizer.Sgd.Lr);
        Assert.True(Guid.TryParse(got.RequestId, out _));
        Assert.False(got.ValidateOnly);
    }

    [Fact]
    public async Task A_submit_whose_answer_is_lost_is_repeated_with_the_same_id()
    {
        var ids = new List<string>();
        Api.Create = request =>
        {
            ids.Add(request.RequestId);
            return ids.Count < 3 ? throw new RpcException(new Status(StatusCode.Unavailable, "The cluster is changing.")) : SampleJobs.Queued;
        };

        var run = await RunAsync("submit", JobFileWith(MinimalJob));

        Assert.Equal(0, run.ExitCode);
        Assert.Equal((3, 1), (ids.Count, ids.Distinct().Count()));
        Assert.StartsWith("No answer; asking again. (The coordinator at http://", run.Errors);
        Assert.Single(run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_job_that_cannot_run_has_its_faults_one_per_line()
    {
        Api.Create = _ => throw new Google.Rpc.Status
        {
            Code = (int)StatusCode.InvalidArgument,
            Message = "The job cannot run.",
            Details =
            {
                Google.Protobuf.WellKnownTypes.Any.Pack(new BadRequest
                {
                    FieldViolations =
                    {
                        new BadRequest.Types.FieldViolation { Field = "training.shards", Description = "512 shards for a batch of 256; expected at most 256" },
                        new BadRequest.Types.FieldViolation { Field = "model.layers[3].conv2d", Description = "input has 4 channels, groups 3 does not divide it" },
                    },
                }),
            },
        }.ToRpcException();
        var file = JobFileWith(MinimalJob);

        var text = await RunAsync("submit", file);
        var json = await RunAsync("submit", file, "-o", "json");

        Assert.Equal(2, text.ExitCode);
        Assert.Equal(
            $"{file}: this job cannot run.\n  {file}:4:1: training.shards: 512 shards for a batch of 256; expected at most 256\n"
            + $"  {file}:2:1: model.layers[3].conv2d: input has 4 channels, groups 3 does not divide it\n", text.Errors);
        Assert.Equal("training.shards", (string?)System.Text.Json.Nodes.JsonNode.Parse(json.Errors)!["violations"]![0]!["field"]);
    }

    [Fact]
    public async Task A_wrong_job_file_is_not_sent_and_its_faults_have_places()
    {
        var file = JobFileWith(MinimalJob.Replace("lr: 0.9", "lr: -1", StringComparison.Ordinal));

        var run = await RunAsync("submit", file);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"{file} cannot be used as a job file.\n  {file}:7:", run.Errors);
        Assert.Contains("training.optimizer.sgd.lr: ", run.Errors);
    }

    [Fact]
    public async Task Set_puts_values_in_place_of_the_files()
    {
        CreateJobRequest? got = null;
        Api.Create = request =>
        {
            got = request;
            return SampleJobs.Queued;
        };
        var file = JobFileWith(MinimalJob);

        var run = await RunAsync("submit", file, "--set", "training.optimizer.sgd.lr=0.01", "--set", "cluster.max_workers=3");
        var wrong = await RunAsync("submit", file, "--set", "training.epochs=0");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal((0.01, 3u), (got!.Spec.Training.Optimizer.Sgd.Lr, got.Spec.Cluster.MaxWorkers));
        Assert.Equal(2, wrong.ExitCode);
        Assert.Equal($"{file} cannot be used as a job file.\n  --set training.epochs=0: training.epochs: must be at least 1, got 0\n", wrong.Errors);
    }

    [Fact]
    public async Task Validate_only_creates_nothing()
    {
        Api.Create = request => request.ValidateOnly ? SampleJobs.Queued : throw new RpcException(new Status(StatusCode.Internal, "created"));
        var file = JobFileWith(MinimalJob);

        var run = await RunAsync("submit", file, "--validate-only");

        Assert.Equal((0, $"{file}: this job can run.\n"), (run.ExitCode, run.Output));
    }

    [Fact]
    public async Task Jobs_turns_all_pages()
    {
        foreach (var number in Enumerable.Range(0, 5))
        {
            var job = number % 2 == 0 ? SampleJobs.Succeeded : SampleJobs.Queued;
            job.Id = $"lenet-{number}";
            Api.Jobs.Add(job);
        }

        var all = await RunAsync("jobs", "-o", "json");
        var three = await RunAsync("jobs", "-o", "json", "--limit", "3");
        var queued = await RunAsync("jobs", "--state", "queued");

        Assert.Equal(["lenet-0", "lenet-1", "lenet-2", "lenet-3", "lenet-4"], all.JsonLines.Single()["jobs"]!.AsArray().Select(job => (string?)job!["id"]));
        Assert.Equal(3, three.JsonLines.Single()["jobs"]!.AsArray().Count);
        Assert.Matches(@"^ID       NAME   STATE   EPOCH  LOSS  TEST  AGE\nlenet-1  lenet  queued  0/3    -     -     .*\nlenet-3  lenet  queued ", queued.Output);
    }

    [Fact]
    public async Task Without_jobs_it_says_so() => Assert.Equal("No jobs.\n", (await RunAsync("jobs")).Output);

    [Fact]
    public async Task Get_shows_the_result_in_words_and_in_json()
    {
        Api.Jobs.Add(SampleJobs.Succeeded);

        var text = await RunAsync("get", SampleJobs.Id);
        var json = (await RunAsync("get", SampleJobs.Id, "-o", "json")).JsonLines.Single();

        Assert.Contains("  state       succeeded\n", text.Output);
        Assert.Contains("  model file  /jobs/lenet-3f2a/weights.safetensors\n", text.Output);
        Assert.Contains($"  SHA-256     {new string('a', 64)}\n", text.Output);
        Assert.Equal("SUCCEEDED", (string?)json["state"]);
        Assert.Equal(21, (int?)json["progress"]!["step"]);
        Assert.Equal("1970-01-01T00:00:00.000Z", (string?)json["create_time"]);
        Assert.Equal(0.61, (double?)json["result"]!["test_accuracy"]);
    }

    [Fact]
    public async Task What_theCluster_refuses_is_said_in_its_words()
    {
        Api.Jobs.Add(SampleJobs.Succeeded);

        var unknown = await RunAsync("get", "nix");
        var ended = await RunAsync("cancel", SampleJobs.Id);

        Assert.Equal((1, "There is no job 'nix'.\n"), (unknown.ExitCode, unknown.Errors));
        Assert.Equal((1, "Job lenet-3f2a has ended: succeeded.\n"), (ended.ExitCode, ended.Errors));
    }

    [Fact]
    public async Task Cancel_says_what_the_job_does_now()
    {
        Api.Jobs.Add(SampleJobs.Running(1, 9));

        Assert.Equal("lenet (lenet-3f2a): cancelling\n", (await RunAsync("cancel", SampleJobs.Id)).Output);
    }

    [Fact]
    public async Task Cancel_waits_for_the_end_and_says_if_it_came_otherwise()
    {
        Api.Jobs.Add(SampleJobs.Running(1, 9));
        var (cancelled, succeeded) = (SampleJobs.Failed, SampleJobs.Succeeded);
        (cancelled.State, cancelled.Message) = (JobState.Cancelled, "");
        var end = cancelled;
        Api.Watch = async (stream, _) =>
        {
            await stream.WriteAsync(SampleJobs.Running(1, 9));
            await stream.WriteAsync(end);
        };

        var asked = await RunAsync("cancel", SampleJobs.Id, "--wait");
        end = succeeded;
        var late = await RunAsync("cancel", SampleJobs.Id, "--wait");

        Assert.Equal((0, "lenet (lenet-3f2a): cancelled\n"), (asked.ExitCode, asked.Output));
        Assert.Equal((1, "lenet (lenet-3f2a): succeeded\n"), (late.ExitCode, late.Output));
    }

    [Fact]
    public async Task Submit_can_wait_and_shows_the_result_alone()
    {
        Api.Create = _ => SampleJobs.Queued;
        Api.Watch = async (stream, _) =>
        {
            await stream.WriteAsync(SampleJobs.Running(1, 9));
            await stream.WriteAsync(SampleJobs.Failed);
        };

        var text = await RunAsync("submit", JobFileWith(MinimalJob), "--wait");
        var json = await RunAsync("submit", JobFileWith(MinimalJob), "--wait", "-o", "json");

        Assert.Equal(1, text.ExitCode);
        Assert.StartsWith("\nJob lenet (lenet-3f2a) failed: worker-1 was lost at step 9.\n", text.Output);
        Assert.Equal("result", (string?)json.JsonLines.Single()["event"]);
    }

    [Fact]
    public async Task Workers_are_listed_with_whom_they_serve()
    {
        Api.Workers.Add(new Worker { Name = "worker-1", Node = "127.0.0.1:4001", DeviceKind = "cuda", Device = "NVIDIA H100", Threads = 2, LastSeenSeconds = 0.3 });
        Api.Workers.Add(new Worker { Name = "worker-0", Node = "127.0.0.1:4000", DeviceKind = "cpu", Device = "AMD EPYC, 1 thread", Threads = 1, Job = SampleJobs.Id, LastSeenSeconds = 0.7 });

        var run = await RunAsync("workers");

        Assert.Equal("""
            NAME      NODE            KIND  DEVICE       THREADS  JOB         SEEN
            worker-0  127.0.0.1:4000  cpu   AMD EPYC     1        lenet-3f2a  0.7 s ago
            worker-1  127.0.0.1:4001  cuda  NVIDIA H100  2        idle        0.3 s ago

            """, run.Output);
    }

    [Fact]
    public async Task Logs_go_on_after_the_last_line_when_the_connection_breaks()
    {
        var asked = new List<long>();
        Api.Logs = async (request, stream) =>
        {
            asked.Add(request.AfterSequence);
            foreach (var number in new[] { 1L, 2, 3 }.Where(number => number > request.AfterSequence))
            {
                await stream.WriteAsync(new LogEntry { Sequence = number, Source = "job", Message = $"line {number}", Time = SampleJobs.Queued.CreateTime });
                if (number == 2 && asked.Count == 1)
                {
                    throw new RpcException(new Status(StatusCode.Unavailable, "the coordinator stops"));
                }
            }
        };

        var run = await RunAsync("logs", SampleJobs.Id, "--follow");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("00:00:00.000  job          line 1\n00:00:00.000  job          line 2\n00:00:00.000  job          line 3\n", run.Output);
        Assert.Equal([0, 2], asked);
    }

    [Fact]
    public async Task ACluster_elsewhere_is_given_by_endpoint_and_token()
    {
        File.WriteAllText(Home["token"], $"{Cluster.Token}\n");
        File.WriteAllText(Home["wrong"], "nonsense\n");

        var right = await CommandRun.InAsync(Home["empty"], "jobs", "--endpoint", Cluster.Endpoint, "--token-file", Home["token"]);
        var wrong = await CommandRun.InAsync(Home["empty"], "jobs", "--endpoint", Cluster.Endpoint, "--token-file", Home["wrong"]);
        var none = await CommandRun.InAsync(Home["empty"], "jobs", "--endpoint", Cluster.Endpoint);

        Assert.Equal(0, right.ExitCode);
        Assert.Equal(3, wrong.ExitCode);
        Assert.Equal($"The cluster at {Cluster.Endpoint} does not accept the token.\nGive the token of this cluster with --token-file FILE.\n", wrong.Errors);
        Assert.Equal($"The cluster at {Cluster.Endpoint} wants a token, and none was given.\nGive the token of this cluster with --token-file FILE.\n", none.Errors);
    }

    [Fact]
    public async Task A_coordinator_that_does_not_answer_exits_with_3()
    {
        await using var elsewhere = await FakeCluster.StartAsync(new FakeApi());
        var endpoint = elsewhere.Endpoint;
        await elsewhere.DisposeAsync();

        var run = await CommandRun.InAsync(Home["empty"], "jobs", "--endpoint", endpoint);

        Assert.Equal(3, run.ExitCode);
        Assert.Equal($"The coordinator at {endpoint} does not answer: connection refused.\nSee whether it runs, and what its log says: trainer doctor\n", run.Errors);
    }

    private string JobFileWith(string text)
    {
        var file = Home["job.yaml"];
        File.WriteAllText(file, text);
        return file;
    }
}
