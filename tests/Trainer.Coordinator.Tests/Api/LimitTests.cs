using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Grpc.Core;
using Trainer.Coordinator.Api;
using Trainer.Hosting.Limits;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>How much a coordinator takes, and what it says beyond that.</summary>
public sealed class LimitTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly WrittenLog _log = new();
    private TestCoordinator _coordinator = null!;

    public async ValueTask InitializeAsync()
    {
        string[] limits = ["connections=13", "token-seconds=5", "message-bytes=20000", "streams=2"];
        _coordinator = await TestCoordinator.StartAsync(
            _folder.Path, loggers: _log, change: options => options with { Limits = ProcessLimits.Parse(limits, ProcessLimits.OfCoordinators) });
        await _coordinator.AwaitWorkersAsync(0);
    }

    public async ValueTask DisposeAsync()
    {
        await _coordinator.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Silent_connections_are_closed_and_keep_nobody_out()
    {
        var silent = new List<Socket>();
        foreach (var port in new[] { new Uri(_coordinator.Web.Grpc), new Uri(_coordinator.Http) })
        {
            for (var i = 0; i < 101; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = (int)Patience.TotalMilliseconds };
                silent.Add(socket);
                await socket.ConnectAsync(port.Host, port.Port);
            }
        }

        await _coordinator.AwaitWorkersAsync(0); // Who has shown a token stays.
        using var http = new HttpClient { BaseAddress = new Uri(_coordinator.Http) };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz")).StatusCode);
        foreach (var socket in silent)
        {
            Assert.Equal(0, await ReadToEndAsync(socket));
            socket.Dispose();
        }

        var lines = _log.Of("Trainer.Coordinator").Where(line => line.StartsWith("Connections that were closed: ", StringComparison.Ordinal)).ToList();
        Assert.InRange(lines.Count, 1, 8); // One of each port and minute.
        Assert.Contains("there are 13 (--limit connections=N, and what ulimit -n leaves)", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_beyond_the_limit_are_refused_by_its_name()
    {
        var large = new CreateJobRequest { Notes = new string('x', 30_000) };
        var error = await ApiCalls.FailsAsync(_coordinator.Jobs.CreateJobAsync(large), StatusCode.ResourceExhausted, "REQUEST_TOO_LARGE");
        Assert.Equal("The request has more than 20000 bytes (--limit message-bytes=N of the coordinator).", error.Status.Detail);

        using var http = new HttpClient { BaseAddress = new Uri(_coordinator.Http) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestCoordinator.Token);
        http.DefaultRequestHeaders.TransferEncodingChunked = true; // Without a length.
        var response = await http.PostAsync("/v1/jobs", new StreamContent(new MemoryStream(new byte[30_000])));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("body: must have 20000 bytes at most (--limit message-bytes=N of the coordinator)", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_has_so_many_streams_and_no_more()
    {
        var secret = (await _coordinator.Tokens.CreateTokenAsync(new CreateTokenRequest { User = "ann", Role = Role.Operator })).Secret;
        var ann = new Protos.JobService.JobServiceClient(_coordinator.WithToken(secret));
        var spec = SmallData.Spec(_folder.Path);
        spec.Name = "watched";
        await _coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec });
        using var first = ann.WatchJobs(new WatchJobsRequest { Filter = "name = watched" });
        using (var second = ann.WatchJobs(new WatchJobsRequest { Filter = "name = watched" }))
        {
            Assert.True(await first.ResponseStream.MoveNext(default) && await second.ResponseStream.MoveNext(default));
            using var third = ann.WatchJobs(new WatchJobsRequest());
            var error = await Assert.ThrowsAsync<RpcException>(() => third.ResponseStream.MoveNext(default));
            Assert.Equal(
                (StatusCode.ResourceExhausted, "ann has 2 streams open (--limit streams=N of the coordinator). Close some; WatchJobs shows any number of jobs in one."), (error.StatusCode, error.Status.Detail));
        }
    }

    [Fact]
    public void Calls_beyond_a_clients_share_are_refused_until_a_moment_has_passed()
    {
        var clock = new Clock();
        var budgets = new ClientBudgets(ProcessLimits.Parse(["calls-per-second=7"], ProcessLimits.OfCoordinators), clock);
        for (var i = 0; i < 14; i++)
        {
            budgets.Enter("ann", "ann", isStream: false).Dispose();
        }

        var error = Assert.Throws<RpcException>(() => budgets.Enter("ann", "ann", isStream: false));
        Assert.Equal("ann makes more than 7 calls a second (--limit calls-per-second=N of the coordinator). Try again in a moment.", error.Status.Detail);
        budgets.Enter("bob", "bob", isStream: false).Dispose();
        clock.Ticks += TimeSpan.TicksPerSecond / 6;
        budgets.Enter("ann", "ann", isStream: false).Dispose();
        Assert.Throws<RpcException>(() => budgets.Enter("ann", "ann", isStream: false));
    }

    private static async Task<int> ReadToEndAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            for (var buffer = new byte[1000]; ;)
            {
                var read = await socket.ReceiveAsync(buffer, patience.Token);
                if (read == 0)
                {
                    return 0;
                }
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }

    private sealed class Clock : TimeProvider
    {
        public long Ticks { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Ticks;
    }
}
