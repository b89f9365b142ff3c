using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using Trainer.Protos;
namespace Trainer.Coordinator.Tests.Api;

/// <summary>One coordinator without workers, over real sockets.</summary>
public sealed class ApiTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    private readonly TestCoordinator _coordinator = fixture.Coordinator;

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
        var error = await ApiCalls.FailsAsync(Jobs.CreateJobAsync(request), StatusCode.AlreadyExists, "JOB_EXISTS");
        Assert.Equal($"Job {job.Id} was made by another request with this request_id. Each job needs a request_id of its own.", error.Status.Detail);
        var read = await Jobs.GetJobAsync(new GetJobRequest { Id = job.Id });
        job.Message = read.Message; // the scheduler may have said meanwhile why it waits
        Assert.Equal(job, read);
        Assert.NotEqual(job.Id, (await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec })).Id);
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
    public async Task Unknown_jobs_are_not_found()
    {
        var error = await ApiCalls.FailsAsync(Jobs.GetJobAsync(new GetJobRequest { Id = "nobody" }), StatusCode.NotFound, "JOB_NOT_FOUND");
        Assert.Equal("There is no job nobody.", error.Status.Detail);
        await ApiCalls.FailsAsync(Jobs.CancelJobAsync(new CancelJobRequest { Id = "nobody" }), StatusCode.NotFound, "JOB_NOT_FOUND");
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
        await ApiCalls.FailsAsync(Jobs.CancelJobAsync(cancel), StatusCode.Aborted, "ETAG_MISMATCH");
        cancel.Etag = job.Etag;
        Assert.Equal(JobState.Cancelled, (await Jobs.CancelJobAsync(cancel)).State);
        Assert.Equal(JobState.Cancelled, (await Jobs.CancelJobAsync(cancel)).State); // The answer got lost, and it is asked again.
        var error = await ApiCalls.FailsAsync(Jobs.SuspendJobAsync(new SuspendJobRequest { Id = job.Id }), StatusCode.FailedPrecondition, "JOB_HAS_ENDED");
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
        var error = await ApiCalls.FailsAsync(_coordinator.Workers.ClearWorkerAsync(new ClearWorkerRequest { Name = "w-7", Device = "cpu" }), StatusCode.NotFound, "NOT_QUARANTINED");
        Assert.Equal("Nothing of machine or worker w-7, device cpu, is in quarantine.", error.Status.Detail);
        await ApiCalls.FailsAsync(_coordinator.Workers.ClearWorkerAsync(new ClearWorkerRequest()), StatusCode.InvalidArgument, "INVALID_REQUEST");
    }

    [Fact]
    public async Task Calls_need_the_token_except_health_checks()
    {
        var error = await ApiCalls.FailsAsync(new Protos.JobService.JobServiceClient(_coordinator.Invoker).GetJobAsync(new GetJobRequest { Id = "x" }), StatusCode.Unauthenticated, "TOKEN_INVALID");
        Assert.Equal("JobService.GetJob needs the role viewer, and this call carries no token. It needs the header 'authorization: Bearer TOKEN'; an admin makes tokens with: trainer token create.", error.Status.Detail);
        error = await ApiCalls.FailsAsync(
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
        Assert.Contains("trainer_api_calls_total{code=\"DataLoss\"} 0", metrics);
    }

    /// <summary>By gRPC and by HTTP, refused by a service and at the door. Metrics are kept for 300 ms.</summary>
    [Fact]
    public async Task Calls_are_counted_by_what_came_of_them()
    {
        using var http = new HttpClient { BaseAddress = new Uri(_coordinator.Http) };
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/v1/jobs")).StatusCode);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestCoordinator.Token);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/v1/jobs/none4jobs4")).StatusCode);
        await new Protos.SystemService.SystemServiceClient(_coordinator.WithToken(TestCoordinator.Token)).GetVersionAsync(new GetVersionRequest());

        var text = "";
        string[] counted = ["Unauthenticated", "NotFound", "OK"];
        while (!counted.All(code => Regex.IsMatch(text, $"trainer_api_calls_total\\{{code=\"{code}\"\\}} [1-9]", RegexOptions.None, TimeSpan.FromSeconds(1))))
        {
            await Task.Delay(20); // A client has its budget of calls.
            text = await http.GetStringAsync("/metrics");
        }

        Assert.Contains("trainer_api_call_duration_seconds_count{}", text);
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
        try
        {
            await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
            await call.RequestStream.CompleteAsync();
        }
        catch (RpcException)
        {
            // Who is refused may be told before the question is written. The answer's status says why.
        }

        Assert.True(await call.ResponseStream.MoveNext(default));
        return [.. call.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name)];
    }
}
