using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Limits;
using Trainer.Hosting.Run;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Training;
using Trainer.Node.Tests.Cluster;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests;

public sealed class NodeHostTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-run-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_node_publishes_itself_answers_http_and_stops_when_told()
    {
        using var patience = new CancellationTokenSource(Patience);
        var run = RunFolder.OpenOrCreate(Path.Combine(_folder, "run"));
        using var publishedCoordinator = run.Publish(
            ProcessEndpoint.OfThisProcess("coordinator", "coordinator", "akka.tcp://trainer@127.0.0.1:1", grpc: null, "http://127.0.0.1:1"));
        using var stop = new CancellationTokenSource();
        var node = NodeHost.RunAsync(new NodeOptions { OpenDevices = Cpus(1), Name = "worker-7", Run = run }, stop.Token);
        ProcessEndpoint? endpoint;
        while ((endpoint = run.Endpoints().FirstOrDefault(e => e.Name == "worker-7")) is null)
        {
            await Task.Delay(20, patience.Token);
        }

        using var client = new HttpClient { BaseAddress = new Uri(endpoint.Http) };
        Assert.Equal("ok\n", await client.GetStringAsync("/healthz", patience.Token));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/readyz", patience.Token)).StatusCode);
        var refusal = await client.GetAsync("/metrics", patience.Token);
        Assert.Equal(HttpStatusCode.Unauthorized, refusal.StatusCode);
        Assert.Equal(
            "/metrics of a node needs the header 'authorization: Bearer TOKEN' with the token of its run folder or of its --metrics-token-file. To do without, start the node with --metrics-open.\n",
            await refusal.Content.ReadAsStringAsync(patience.Token));
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", run.Token);
        var metrics = await client.GetStringAsync("/metrics", patience.Token);
        Assert.Contains("trainer_build_info", metrics, StringComparison.Ordinal);
        Assert.Contains("kind=\"cpu\"", metrics, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run.LinksFolder, "worker-7.sock")));

        await stop.CancelAsync();
        Assert.Equal(NodeHost.Stopped, await node.WaitAsync(patience.Token));
        Assert.DoesNotContain(run.Endpoints(), e => e.Name == "worker-7");
    }

    [Fact]
    public async Task Workers_of_one_process_have_one_place_in_the_cluster_and_leave_together()
    {
        using var patience = new CancellationTokenSource(Patience);
        await using var coordinator = new FakeCoordinator();
        using var stop = new CancellationTokenSource();
        var node = NodeHost.RunAsync(new NodeOptions { OpenDevices = Cpus(3), Name = "node", Insecure = true, Seeds = [coordinator.Address.ToString()] }, stop.Token);

        var heard = new Dictionary<string, WorkerStatus>();
        while (heard.Count < 3)
        {
            var status = await coordinator.HearAsync<WorkerStatus>(_ => true);
            heard[status.Worker] = status;
        }

        Assert.Equal(["node.0", "node.1", "node.2"], heard.Keys.Order());
        Assert.Single(heard.Values.Select(status => (status.Node, status.ActorPath, status.Host, status.Machine)).Distinct());
        Assert.Equal((3, 3), (heard.Values.Select(status => status.Incarnation).Distinct().Count(), heard.Values.Select(status => status.LinkEndpoints.Single()).Distinct().Count()));

        await stop.CancelAsync();
        Assert.Equal(NodeHost.Stopped, await node.WaitAsync(patience.Token));
    }

    [Fact]
    public async Task Links_of_several_workers_take_ports_in_a_row_and_there_are_only_so_many() => Assert.Equal(
        NodeHost.CannotStart,
        await NodeHost.RunAsync(new NodeOptions { OpenDevices = Cpus(2), Name = "node", LinkPort = 65535, Insecure = true, Seeds = ["akka.tcp://trainer@127.0.0.1:1"] }, CancellationToken.None));

    [Fact]
    public async Task Silent_connections_to_its_port_are_closed_and_keep_nobody_out()
    {
        using var patience = new CancellationTokenSource(Patience);
        var limits = ProcessLimits.Parse(["connections=8"], ProcessLimits.OfNodes);
        await using var http = new NodeHttp("127.0.0.1", 0, certificates: null, new MetricsAccess(["secret"]), [], limits, () => true, NullLoggerFactory.Instance);
        await http.StartAsync();
        using var scraper = new HttpClient { BaseAddress = new Uri(http.Url), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", "secret") } };
        await scraper.GetStringAsync("/metrics", patience.Token);
        var silent = Enumerable.Range(0, 23).Select(_ => new TcpClient("127.0.0.1", new Uri(http.Url).Port)).ToList();

        Assert.Equal("ready\n", await scraper.GetStringAsync("/readyz", patience.Token)); // On the connection that has shown a token, or another.
        await Assert.ThrowsAnyAsync<IOException>(() => silent[0].GetStream().ReadExactlyAsync(new byte[1], patience.Token).AsTask()); // Its end, or a reset.
        silent.ForEach(one => one.Dispose());
    }

    [Fact]
    public async Task A_second_node_of_a_name_ends_and_leaves_the_first_alone()
    {
        using var patience = new CancellationTokenSource(Patience);
        var run = RunFolder.OpenOrCreate(Path.Combine(_folder, "run"));
        using var publishedCoordinator = run.Publish(
            ProcessEndpoint.OfThisProcess("coordinator", "coordinator", "akka.tcp://trainer@127.0.0.1:1", grpc: null, "http://127.0.0.1:1"));
        using var stop = new CancellationTokenSource();
        var options = new NodeOptions { OpenDevices = Cpus(1), Name = "worker-7", Run = run };
        var first = NodeHost.RunAsync(options, stop.Token);
        while (run.Endpoints().All(e => e.Name != "worker-7"))
        {
            await Task.Delay(20, patience.Token);
        }

        Assert.Equal(NodeHost.CannotStart, await NodeHost.RunAsync(options, patience.Token));

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(run.LinksFolder, "worker-7.sock")), patience.Token);
        Assert.Contains(run.Endpoints(), e => e.Name == "worker-7");
        await stop.CancelAsync();
        Assert.Equal(NodeHost.Stopped, await first.WaitAsync(patience.Token));
    }

    [Fact]
    public async Task A_node_that_cannot_publish_itself_is_an_exit_code()
    {
        var run = RunFolder.OpenOrCreate(Path.Combine(_folder, "run"));
        using var publishedCoordinator = run.Publish(
            ProcessEndpoint.OfThisProcess("coordinator", "coordinator", "akka.tcp://trainer@127.0.0.1:1", grpc: null, "http://127.0.0.1:1"));
        Directory.CreateDirectory(Path.Combine(run.Path, "endpoints", "worker-7.json")); // A file cannot take its place.

        Assert.Equal(NodeHost.CannotStart, await NodeHost.RunAsync(new NodeOptions { OpenDevices = Cpus(1), Name = "worker-7", Run = run }, CancellationToken.None).WaitAsync(Patience));
    }

    [Theory]
    [InlineData("foo")]
    [InlineData("host:0")]
    public async Task A_seed_that_is_no_address_is_refused(string seed) =>
        Assert.Equal(NodeHost.Refused, await NodeHost.RunAsync(new NodeOptions { OpenDevices = Cpus(1), Name = "worker-0", Seeds = [seed] }, CancellationToken.None));

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("192.0.2.1")]
    [InlineData("127.0.0.1")]
    public async Task Options_that_nobody_should_run_with_are_refused(string host) =>
        Assert.Equal(NodeHost.Refused, await NodeHost.RunAsync(
            new NodeOptions { OpenDevices = Cpus(1), Name = "worker-0", Host = host, Seeds = ["akka.tcp://trainer@127.0.0.1:1"] }, CancellationToken.None));

    [Fact]
    public async Task A_device_that_cannot_be_opened_is_an_exit_code() =>
        Assert.Equal(NodeHost.CannotStart, await NodeHost.RunAsync(
            new NodeOptions { OpenDevices = () => throw new DeviceException("there is none"), Name = "worker-0", Insecure = true, Seeds = ["akka.tcp://trainer@127.0.0.1:1"] }, CancellationToken.None));

    [Fact]
    public async Task An_address_that_cannot_be_bound_is_an_exit_code() =>
        Assert.Equal(NodeHost.CannotStart, await NodeHost.RunAsync(
            new NodeOptions { OpenDevices = Cpus(1), Name = "worker-0", Host = "192.0.2.1", Insecure = true, Seeds = ["akka.tcp://trainer@127.0.0.1:1"] }, CancellationToken.None));

    [Fact]
    public async Task Wrong_bits_are_said_though_another_device_cannot_compute_at_all()
    {
        var golden = GoldenStep.Known.ToDictionary(known => known.Key, known => known.Value ^ 1);
        var broken = CpuDevice.Create(threads: 2);
        broken.Dispose();
        using var devices = new NodeDevices([broken, CpuDevice.Create(threads: 1)]);

        var wrong = await Assert.ThrowsAsync<WrongBitsException>(() => devices.ProveAsync(golden, NullLogger.Instance));
        Assert.Contains("golden", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_does_not_come_to_the_golden_hash_never_joins()
    {
        var run = RunFolder.OpenOrCreate(Path.Combine(_folder, "run"));
        var golden = GoldenStep.Known.ToDictionary(known => known.Key, known => known.Value ^ 1);
        var options = new NodeOptions { OpenDevices = Cpus(1), Name = "worker-7", Run = run, Golden = golden };

        Assert.Equal(NodeHost.WrongBits, await NodeHost.RunAsync(options, CancellationToken.None).WaitAsync(Patience));
        Assert.Empty(run.Endpoints());
    }

    private static Func<IReadOnlyList<Device>> Cpus(int workers) => () => [.. Enumerable.Range(0, workers).Select(_ => CpuDevice.Create(1))];
}
