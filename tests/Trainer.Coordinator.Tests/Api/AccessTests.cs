using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Http;
using Trainer.Hosting.Logging;
using Trainer.Protos;
using Enum = System.Enum;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>Who may do what, over real sockets: without a token, with one of each role, with one that has expired, and with one that was revoked.</summary>
public sealed class AccessTests(AccessTests.Fixture fixture) : IClassFixture<AccessTests.Fixture>
{
    private readonly TestCoordinator _coordinator = fixture.Coordinator;

    private static IEnumerable<MethodDescriptor> Calls =>
        new[] { Protos.JobService.Descriptor, Protos.WorkerService.Descriptor, Protos.SystemService.Descriptor, Protos.TokenService.Descriptor, Protos.DataSetService.Descriptor, Protos.SessionService.Descriptor, Protos.PictureService.Descriptor }.SelectMany(service => service.Methods);

    [Fact]
    public void Every_call_path_and_page_is_in_the_table_and_nothing_else_is()
    {
        var names = _coordinator.Web.Endpoints.Select(endpoint => (endpoint.DisplayName, Name: AccessGate.NameOf(endpoint))).ToList();

        Assert.All(names, endpoint => Assert.True(endpoint.Name is not null && Permissions.Find(endpoint.Name) is not null, $"{endpoint.DisplayName} is not in the table of Permissions"));
        Assert.Equal(names.Select(endpoint => endpoint.Name!).Append(Permissions.OpenMetrics).Distinct().Order(StringComparer.Ordinal), Permissions.Names.Order(StringComparer.Ordinal));
        Assert.Null(Permissions.Find("/trainer.v1.JobService/NewCall"));
    }

    [Fact]
    public void Nothing_is_open_but_health_pages_and_signing_in_and_what_changes_something_needs_more_than_a_viewer()
    {
        Assert.Equal(
            ["/", "/assets/{**file}", "/grpc.health.v1.Health/Check", "/healthz", "/metrics, open", "/readyz", "/trainer.v1.SessionService/SignIn"],
            Permissions.Names.Where(name => Permissions.Find(name)!.Role == Role.Unspecified).Order(StringComparer.Ordinal));
        foreach (var call in Calls.Where(call => call.Service != Protos.SessionService.Descriptor))
        {
            var reads = call.IsServerStreaming || new[] { "Get", "List", "Query", "Describe" }.Any(verb => call.Name.StartsWith(verb, StringComparison.Ordinal));
            Assert.Equal(!reads && call.Name != "UploadDataSet", Permissions.Find(Permissions.NameOf(call))!.Changes);
            Assert.True(reads || Permissions.Find(Permissions.NameOf(call))!.Role > Role.Viewer, call.FullName);
        }
    }

    /// <summary>A Prometheus with an old token is no caller.</summary>
    [Fact]
    public void What_is_no_call_is_not_counted_as_one() =>
        Assert.Equal(["/", "/assets/{**file}", "/healthz", "/metrics", "/metrics, open", "/readyz"], Permissions.Names.Where(name => !Permissions.IsCall(name)).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Each_role_may_what_the_table_says_of_each_call()
    {
        foreach (var call in Calls.Where(call => call.Name != "SignIn"))
        {
            var needed = Permissions.Find(Permissions.NameOf(call))!.Role;
            Assert.Equal(StatusCode.Unauthenticated, await StatusAsync(_coordinator.Invoker, call));
            Assert.Equal(StatusCode.Unauthenticated, await StatusAsync(_coordinator.WithToken("trainer_of-another-cluster"), call));
            Assert.Equal(StatusCode.Unauthenticated, await StatusAsync(_coordinator.WithToken(fixture.Expired), call));
            foreach (var role in new[] { Role.Viewer, Role.Operator, Role.Admin })
            {
                var status = await StatusAsync(_coordinator.WithToken(fixture.Secrets[role]), call);
                Assert.True(status == StatusCode.PermissionDenied == role < needed, $"{role} gets {status} from {call.FullName}, which needs {needed}");
                Assert.DoesNotContain(status, new[] { StatusCode.Internal, StatusCode.Unknown });
            }
        }
    }

    [Fact]
    public async Task Paths_are_guarded_as_their_calls_are()
    {
        using var http = new HttpClient { BaseAddress = new Uri(_coordinator.Http) };
        foreach (var route in HttpRoutes.All.Where(route => !route.Method.IsServerStreaming && route.Method.Name != "SignIn"))
        {
            var path = Regex.Replace(route.Pattern, @"\{[^}]*\}", "x", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(http, route.Verb, path, null));
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(http, route.Verb, path, fixture.Expired));
            var isDenied = Permissions.Find(Permissions.NameOf(route.Method))!.Role > Role.Viewer;
            Assert.True(await AskAsync(http, route.Verb, path, fixture.Secrets[Role.Viewer]) == HttpStatusCode.Forbidden == isDenied, path);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(http, "GET", "/v1/nowhere", null));
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(http, "GET", "/v1/nowhere", fixture.Secrets[Role.Viewer]));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(http, "GET", "/metrics", null));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(http, "GET", "/metrics", fixture.Secrets[Role.Viewer]));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(http, "GET", "/healthz", null));
    }

    [Fact]
    public async Task Refusals_say_who_what_is_needed_and_what_to_do()
    {
        var viewer = new Protos.JobService.JobServiceClient(_coordinator.WithToken(fixture.Secrets[Role.Viewer]));
        var denied = await ApiCalls.FailsAsync(viewer.CancelJobAsync(new CancelJobRequest { Id = "x" }), StatusCode.PermissionDenied, "ROLE_NEEDED");
        Assert.Equal("JobService.CancelJob needs the role operator, and viewer-user's token has the role viewer. Ask for a token of that role; an admin makes tokens with: trainer token create.", denied.Status.Detail);

        var expired = new Protos.SystemService.SystemServiceClient(_coordinator.WithToken(fixture.Expired));
        var refused = await ApiCalls.FailsAsync(expired.GetInfoAsync(new GetInfoRequest()), StatusCode.Unauthenticated, "TOKEN_EXPIRED");
        Assert.Matches(
            @"^SystemService.GetInfo needs the role viewer, and late's token [a-z2-9]{10} expired on \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ. Ask for another; an admin makes tokens with: trainer token create.$",
            refused.Status.Detail);
    }

    [Fact]
    public async Task An_operator_changes_his_own_jobs_alone_and_the_creator_is_the_tokens_user()
    {
        var ann = new Protos.JobService.JobServiceClient(_coordinator.WithToken(await TokenAsync("ann", Role.Operator)));
        var bob = new Protos.JobService.JobServiceClient(_coordinator.WithToken(await TokenAsync("bob", Role.Operator)));
        var job = await ann.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec }, new Metadata { { "trainer-user", "bob" } });
        Assert.Equal("ann", job.Creator); // Whatever the call says.

        var message = $"Job {job.Id} is ann's: an operator, as bob is, changes his own jobs alone. Ask ann or an admin.";
        Assert.Equal(message, (await ApiCalls.FailsAsync(bob.CancelJobAsync(new CancelJobRequest { Id = job.Id }), StatusCode.PermissionDenied, "JOB_OF_ANOTHER")).Status.Detail);
        var change = new UpdateJobRequest { Job = new Job { Id = job.Id, Notes = "mine" }, UpdateMask = new FieldMask { Paths = { "notes" } } };
        await ApiCalls.FailsAsync(bob.UpdateJobAsync(change), StatusCode.PermissionDenied, "JOB_OF_ANOTHER");
        await ApiCalls.FailsAsync(bob.DeleteJobAsync(new DeleteJobRequest { Id = job.Id }).ResponseAsync, StatusCode.PermissionDenied, "JOB_OF_ANOTHER");
        Assert.Equal(job.Id, (await bob.GetJobAsync(new GetJobRequest { Id = job.Id })).Id);
        Assert.Equal("mine", (await ann.UpdateJobAsync(change)).Notes);
        await ApiCalls.FailsAsync(bob.CancelJobAsync(new CancelJobRequest { Id = "nobody" }), StatusCode.NotFound, "JOB_NOT_FOUND");

        var lines = fixture.Log.Of(AuditEvent.Category).ToList();
        Assert.Contains(lines, line => Is(line, "bob", "JobService.CancelJob", job.Id, "PermissionDenied"));
        Assert.Contains(lines, line => Is(line, "ann", "JobService.CreateJob", job.Id, "OK"));
        Assert.Contains(lines, line => Is(line, "ann", "JobService.UpdateJob", job.Id, "OK"));
        Assert.DoesNotContain(lines, line => line.Contains("GetJob", StringComparison.Ordinal));

        static bool Is(string line, string user, string call, string job, string result) =>
            Regex.IsMatch(line, $"^user={user} role=operator token=[a-z2-9]{{10}} client=127.0.0.1 call={call} subject={job} result={result}$", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Files_that_a_deleted_job_has_left_are_for_an_admin_to_delete()
    {
        var ann = new Protos.JobService.JobServiceClient(_coordinator.WithToken(await TokenAsync("ann", Role.Operator)));
        var gone = JobId.From("gone");
        await ann.DeleteJobAsync(new DeleteJobRequest { Id = gone, AllowMissing = true });
        var file = Path.Combine(Directory.CreateDirectory(Path.Combine(fixture.Folder, "jobs", gone)).FullName, "model.safetensors");
        File.WriteAllText(file, "left");
        var refused = await ApiCalls.FailsAsync(ann.DeleteJobAsync(new DeleteJobRequest { Id = gone, AllowMissing = true }).ResponseAsync, StatusCode.PermissionDenied, "ROLE_NEEDED");
        Assert.Equal($"There is no job {gone}, and whose files are left of it is not known: to delete them needs the role admin, and ann's token has not.", refused.Status.Detail);
        await _coordinator.Jobs.DeleteJobAsync(new DeleteJobRequest { Id = gone, AllowMissing = true });
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task Refused_calls_of_known_users_are_in_the_audit_log_and_those_of_strangers_a_line_a_minute()
    {
        var viewer = new Protos.WorkerService.WorkerServiceClient(_coordinator.WithToken(fixture.Secrets[Role.Viewer]));
        await ApiCalls.FailsAsync(viewer.DrainWorkerAsync(new DrainWorkerRequest { Name = "worker-0" }), StatusCode.PermissionDenied, "ROLE_NEEDED");
        Assert.Contains(fixture.Log.Of(AuditEvent.Category), line => line.StartsWith("user=viewer-user role=viewer token=", StringComparison.Ordinal)
            && line.EndsWith("call=WorkerService.DrainWorker subject=- result=PermissionDenied", StringComparison.Ordinal));
        for (var i = 0; i < 30; i++)
        {
            await StatusAsync(_coordinator.Invoker, Calls.First());
        }

        Assert.InRange(fixture.Log.Of(AuditEvent.Category).Count(line => line.StartsWith("Calls without a valid token", StringComparison.Ordinal)), 1, 5);
    }

    [Fact]
    public async Task A_secret_is_shown_once_and_kept_as_a_hash()
    {
        var made = await _coordinator.Tokens.CreateTokenAsync(new CreateTokenRequest { User = "ada", Role = Role.Operator }, new Metadata { { "trainer-user", "root" } });
        Assert.Matches("^trainer_[A-Za-z0-9_-]{43}$", made.Secret);
        Assert.Equal(("ada", Role.Operator, "root", null), (made.Token.User, made.Token.Role, made.Token.CreatedBy, made.Token.ExpireTime));
        var listed = await _coordinator.Tokens.ListTokensAsync(new ListTokensRequest());
        Assert.Contains(made.Token, listed.Tokens);
        Assert.DoesNotContain(made.Secret, $"{listed}", StringComparison.Ordinal);
        Assert.All(Directory.EnumerateFiles(Path.Combine(fixture.Folder, "store"), "jobs.db*"), file => Assert.Equal(-1, File.ReadAllBytes(file).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(made.Secret))));
        Assert.DoesNotContain(fixture.Log.All, line => line.Message.Contains(made.Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stream_ends_when_its_token_is_revoked()
    {
        var secret = await TokenAsync("eve", Role.Viewer);
        using var watch = new Protos.JobService.JobServiceClient(_coordinator.WithToken(secret)).WatchJobs(new WatchJobsRequest { Filter = "name = revoked-job" });
        var id = (await _coordinator.Tokens.ListTokensAsync(new ListTokensRequest())).Tokens.Single(token => token.User == "eve").Id;
        await _coordinator.Tokens.RevokeTokenAsync(new RevokeTokenRequest { Id = id });
        var spec = fixture.Spec.Clone();
        spec.Name = "revoked-job";
        await _coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }); // Something to be told of.

        var error = await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
        Assert.Equal(StatusCode.Unauthenticated, await StatusAsync(_coordinator.WithToken(secret), Calls.First()));
        var missing = await ApiCalls.FailsAsync(_coordinator.Tokens.RevokeTokenAsync(new RevokeTokenRequest { Id = id }), StatusCode.NotFound, "TOKEN_NOT_FOUND");
        Assert.Equal($"There is no token {id}. Those that there are: trainer token list", missing.Status.Detail);
    }

    [Theory]
    [InlineData("", Role.Viewer, 0, "user: is required")]
    [InlineData("a b", Role.Viewer, 0, "user: must be at most 64 ASCII letters, digits and signs, without blanks")]
    [InlineData("ann", Role.Unspecified, 0, "role: is required: VIEWER, OPERATOR or ADMIN")]
    [InlineData("ann", (Role)17, 0, "role: is required: VIEWER, OPERATOR or ADMIN")]
    [InlineData("ann", Role.Viewer, 1, "expire_time: must be a time to come, until the year 9999")]
    [InlineData("ann", Role.Viewer, long.MaxValue, "expire_time: must be a time to come, until the year 9999")]
    public async Task A_token_that_makes_no_sense_is_refused(string user, Role role, long expires, string message)
    {
        var request = new CreateTokenRequest { User = user, Role = role, ExpireTime = expires == 0 ? null : new Timestamp { Seconds = expires } };
        var error = await ApiCalls.FailsAsync(_coordinator.Tokens.CreateTokenAsync(request), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal(message, error.Status.Detail);
    }

    private async Task<string> TokenAsync(string user, Role role) => (await _coordinator.Tokens.CreateTokenAsync(new CreateTokenRequest { User = user, Role = role })).Secret;

    private static async Task<HttpStatusCode> AskAsync(HttpClient http, string verb, string path, string? token)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), path);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var response = await http.SendAsync(request);
        return response.StatusCode;
    }

    /// <summary>With an empty or senseless request: what is refused for that is let in.</summary>
    private static async Task<StatusCode> StatusAsync(CallInvoker invoker, MethodDescriptor call)
    {
        var bytes = Marshallers.Create(value => value, value => value);
        var options = new CallOptions(deadline: DateTime.UtcNow.AddSeconds(20));
        try
        {
            if (call.IsServerStreaming)
            {
                byte[] nonsense = [10, 2, (byte)'(', (byte)'(']; // Of WatchJobs, which would go on for ever, a filter that is none.
                using var stream = invoker.AsyncServerStreamingCall(new Method<byte[], byte[]>(MethodType.ServerStreaming, call.Service.FullName, call.Name, bytes, bytes), null, options, nonsense);
                while (await stream.ResponseStream.MoveNext(default))
                {
                }

                return StatusCode.OK;
            }

            await invoker.AsyncUnaryCall(new Method<byte[], byte[]>(MethodType.Unary, call.Service.FullName, call.Name, bytes, bytes), null, options, []);
            return StatusCode.OK;
        }
        catch (RpcException refused)
        {
            return refused.StatusCode;
        }
    }

    public sealed class Fixture : IAsyncLifetime
    {
        private readonly TemporaryFolder _folder = new();

        internal WrittenLog Log { get; } = new();

        internal TestCoordinator Coordinator { get; private set; } = null!;

        public Dictionary<Role, string> Secrets { get; } = [];

        public string Expired { get; private set; } = "";

        public JobSpec Spec { get; private set; } = null!;

        public string Folder => _folder.Path;

        public async ValueTask InitializeAsync()
        {
            Spec = SmallData.Spec(_folder.Path);
            Coordinator = await TestCoordinator.StartAsync(_folder.Path, change: options => options with { AllowedHosts = ["allowed.example.com", "*.wild.example.com"] }, loggers: Log);
            await Coordinator.AwaitWorkersAsync(0);
            foreach (var role in Enum.GetValues<Role>().Where(role => role != Role.Unspecified))
            {
                Secrets[role] = (await Coordinator.Tokens.CreateTokenAsync(new CreateTokenRequest { User = $"{role}-user".ToLowerInvariant(), Role = role })).Secret;
            }

            var end = DateTimeOffset.UtcNow.AddSeconds(4);
            Expired = (await Coordinator.Tokens.CreateTokenAsync(new CreateTokenRequest { User = "late", Role = Role.Admin, ExpireTime = end.ToTimestamp() })).Secret;
            while (DateTimeOffset.UtcNow < end)
            {
                await Task.Delay(50);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Coordinator.DisposeAsync();
            _folder.Dispose();
        }
    }
}
