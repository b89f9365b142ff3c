using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Certificates;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>A coordinator with certificates of its own: one port for gRPC and JSON, in TLS.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private CoordinatorProcess _process = null!;

    private string Authority => Path.Combine(_folder.Path, "ca.pem");

    public async ValueTask InitializeAsync()
    {
        Issue();
        _process = await CoordinatorProcess.StartAsync(
            new CoordinatorOptions
            {
                Store = new SqliteAddress(Path.Combine(_folder.Path, "store")),
                Artifacts = Path.Combine(_folder.Path, "jobs"),
                Token = TestCoordinator.Token,
                Certificates = CertificateFolder.FilesOf(_folder.Path, PeerRoles.Coordinator),
            },
            new CoordinatorTuning { Cluster = TestCoordinator.QuickCluster }, NullLoggerFactory.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task GRPC_and_JSON_are_on_one_port_also_once_the_certificates_were_exchanged()
    {
        Assert.StartsWith("https://127.0.0.1:", _process.Grpc);
        Assert.StartsWith("http://127.0.0.1:", _process.Http);
        for (var round = 0; round < 2; round++)
        {
            using var handler = new SocketsHttpHandler { SslOptions = ApiTrust.Of(Authority, _ => { }) };
            using var http = new HttpClient(handler);
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestCoordinator.Token);
            Assert.Equal("{\"jobs\":[]", (await http.GetStringAsync($"{_process.Grpc}/v1/jobs"))[..10]);
            Assert.Equal("{\"jobs\":[]", (await http.GetStringAsync($"{_process.Http}/v1/jobs"))[..10]); // which asks the first port
            using var channel = GrpcChannel.ForAddress(_process.Grpc, new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { SslOptions = ApiTrust.Of(Authority, _ => { }) } });
            Assert.Equal("v1", (await new SystemService.SystemServiceClient(channel).GetVersionAsync(
                new GetVersionRequest(), new Grpc.Core.Metadata { { "authorization", $"Bearer {TestCoordinator.Token}" } })).Api[^2..]);
            using var without = await new HttpClient(new SocketsHttpHandler { SslOptions = ApiTrust.Of(Authority, _ => { }) }).GetAsync($"{_process.Grpc}/v1/jobs");
            Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
            Issue();
        }
    }

    [Theory]
    [InlineData("foreign", "its certificate is of another authority")]
    [InlineData("node", "its certificate says that it is a node; expected a coordinator")]
    public async Task What_is_not_the_cluster_is_not_talked_to(string how, string reason)
    {
        var refusals = new List<string>();
        var (trust, address) = (Authority, _process.Grpc);
        using var listening = new TcpListener(IPAddress.Loopback, 0);
        if (how == "foreign")
        {
            using var other = CertificateAuthority.Create(TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1));
            trust = Path.Combine(_folder.Path, "other.pem");
            File.WriteAllText(trust, other.Certificate);
        }
        else
        {
            listening.Start();
            address = $"https://{listening.LocalEndpoint}";
            _ = AnswerAsNodeAsync(listening);
        }

        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = ApiTrust.Of(trust, refusals.Add) });
        var failed = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync($"{address}/healthz"));
        Assert.IsType<AuthenticationException>(failed.InnerException);
        Assert.Equal([reason], refusals);
    }

    /// <summary>JSON is answered by calls to the first port; a connection there carries 100, and streams last.</summary>
    [Fact]
    public async Task Many_streams_in_JSON_hold_up_no_other_call()
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestCoordinator.Token);
        var streams = await Task.WhenAll(Enumerable.Range(0, 120).Select(_ => http.GetAsync($"{_process.Http}/v1/jobs:watch", HttpCompletionOption.ResponseHeadersRead)));
        Assert.Equal("{\"jobs\":[]", (await http.GetStringAsync($"{_process.Http}/v1/jobs"))[..10]);
        Array.ForEach(streams, stream => stream.Dispose());
    }

    private async Task AnswerAsNodeAsync(TcpListener listening)
    {
        using var node = ProcessCertificates.Load(CertificateFolder.FilesOf(_folder.Path, PeerRoles.Node), PeerRoles.Node, NullLogger.Instance);
        using var client = await listening.AcceptTcpClientAsync();
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsServerAsync(node.ForClients());
    }

    private void Issue()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var authority = CertificateAuthority.Create(now, TimeSpan.FromDays(1));
        CertificateFolder.Write(_folder.Path, authority, ["127.0.0.1"], now, TimeSpan.FromDays(1), withKey: false);
    }
}
