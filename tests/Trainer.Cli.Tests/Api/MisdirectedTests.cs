using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests.Api;

/// <summary>Addresses that are not the job API's are told apart from a coordinator that is away.</summary>
public sealed class MisdirectedTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Https_to_a_cluster_without_certificates()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeApi());
        var address = cluster.Endpoint["http://".Length..];

        var run = await CommandRun.InAsync(_home.Path, "jobs", "--endpoint", $"https://{address}");

        Assert.Equal((3, $"https://{address} does not speak TLS.\nGive its address with http: --endpoint http://{address}\n"), (run.ExitCode, run.Errors));
    }

    [Theory]
    [InlineData("jobs")]
    [InlineData("watch some-job")] // which would wait for a coordinator that is away
    public async Task The_port_for_metrics(string command)
    {
        await using var metrics = await StartHttp1Async();
        var endpoint = metrics.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        var run = await CommandRun.InAsync(_home.Path, [.. command.Split(' '), "--endpoint", endpoint]);

        AssertSays(
            run,
            $"{endpoint} is not the job API: it speaks HTTP/1 alone, as the port for metrics does.\n"
            + "The job API's port is the coordinator's --grpc-port; 'trainer up' shows it for a cluster here.\n",
            endpoint);
    }

    [Fact]
    public async Task Something_else_altogether()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var endpoint = $"http://{listener.LocalEndpoint}";
        var greeting = GreetAsync(listener);

        var run = await CommandRun.InAsync(_home.Path, "jobs", "--endpoint", endpoint);
        listener.Stop();
        await greeting;

        AssertSays(
            run, $"What is at {endpoint} does not answer as the job API does.\nSee whether the port is the job API's, and whether its address begins with https.\n", endpoint);
    }

    /// <summary>A server that closes at once may do so before its answer is read: then it is known only that the connection broke.</summary>
    private static void AssertSays(CommandRun run, string sentences, string endpoint)
    {
        Assert.Equal(3, run.ExitCode);
        string[] possible =
        [
            sentences,
            $"What is at {endpoint} does not answer as the job API does.\nSee whether the port is the job API's, and whether its address begins with https.\n",
            $"The coordinator at {endpoint} does not answer: the connection broke.\nSee whether it runs, and what its log says: trainer doctor\n",
        ];
        Assert.Contains(run.Errors, possible);
    }

    /// <summary>As a server of another protocol does, it speaks first.</summary>
    private static async Task GreetAsync(TcpListener listener)
    {
        var clients = new List<TcpClient>();
        try
        {
            while (true)
            {
                clients.Add(await listener.AcceptTcpClientAsync());
                await clients[^1].GetStream().WriteAsync("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"u8.ToArray());
            }
        }
        catch (Exception over) when (over is SocketException or IOException or InvalidOperationException)
        {
            clients.ForEach(client => client.Dispose()); // the listener was stopped
        }
    }

    private static async Task<WebApplication> StartHttp1Async()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        var app = builder.Build();
        await app.StartAsync();
        return app;
    }
}
