using System.Net;
using System.Net.Http.Headers;
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
        var trust = Authority;
        if (how == "foreign")
        {
            using var other = CertificateAuthority.Create(TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1));
            trust = Path.Combine(_folder.Path, "other.pem");
            File.WriteAllText(trust, other.Certificate);
        }
        else
        {
            File.Copy(Path.Combine(_folder.Path, "node.pem"), Path.Combine(_folder.Path, "coordinator.pem"), overwrite: true);
            File.Copy(Path.Combine(_folder.Path, "node.key"), Path.Combine(_folder.Path, "coordinator.key"), overwrite: true);
        }

        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = ApiTrust.Of(trust, refusals.Add) });
        var failed = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync($"{_process.Grpc}/healthz"));
        Assert.IsType<AuthenticationException>(failed.InnerException);
        Assert.Equal([reason], refusals);
    }

    private void Issue()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var authority = CertificateAuthority.Create(now, TimeSpan.FromDays(1));
        CertificateFolder.Write(_folder.Path, authority, ["127.0.0.1"], now, TimeSpan.FromDays(1), withKey: false);
    }
}
