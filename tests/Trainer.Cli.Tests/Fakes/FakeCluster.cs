using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Tests.Fakes;

/// <summary>The job API on loopback, scripted by a test; published in a run folder as a coordinator's would be.</summary>
internal sealed class FakeCluster : IAsyncDisposable
{
    private readonly WebApplication _app;
    private IDisposable? _publication;

    private FakeCluster(WebApplication app, FakeApi api, string token)
    {
        _app = app;
        Api = api;
        Token = token;
        Endpoint = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
    }

    public FakeApi Api { get; }

    public string Token { get; }

    public string Endpoint { get; }

    /// <param name="home">$TRAINER_HOME of the client; null: published nowhere.</param>
    public static async Task<FakeCluster> StartAsync(FakeApi api, string? home = null)
    {
        var run = home is null ? null : RunFolder.OpenOrCreate(Path.Combine(home, "run"));
        var token = run?.Token ?? "a-token";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(api);
        var app = builder.Build();
        app.Use(async (context, next) =>
        {
            if (context.Request.Headers.Authorization != $"Bearer {token}")
            {
                context.Response.ContentType = "application/grpc";
                context.Response.Headers["grpc-status"] = ((int)StatusCode.Unauthenticated).ToString(CultureInfo.InvariantCulture);
                return;
            }
            await next();
        });
        app.MapGrpcService<FakeJobs>();
        app.MapGrpcService<FakeWorkers>();
        app.MapGrpcService<FakeSystem>();
        app.MapGrpcService<FakeTokens>();
        app.MapGrpcService<FakeSessions>();
        app.MapGrpcService<FakeDataSets>();
        await app.StartAsync();
        var cluster = new FakeCluster(app, api, token);
        cluster._publication = run?.Publish(ProcessEndpoint.OfThisProcess("coordinator", "coordinator", "akka.tcp://trainer@127.0.0.1:7", cluster.Endpoint, "http://127.0.0.1:13"));
        return cluster;
    }

    /// <summary>Ends as a killed process does: connections break.</summary>
    public async ValueTask DisposeAsync()
    {
        _publication?.Dispose();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
