using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Metrics;

namespace Trainer.Node;

/// <summary>A node's HTTP port: <c>/healthz</c> (alive), <c>/readyz</c> (a full member of the cluster), and <c>/metrics</c> for who has a token.</summary>
internal static class NodeHttp
{
    public static WebApplication Create(string host, int port, MetricsAccess access, Func<bool> ready, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(loggers);
        builder.Services.AddTrainerTelemetry(Hosting.Cluster.ClusterNames.WorkerRole);
        builder.Services.AddSingleton<IHostLifetime, CallersLifetime>();
        builder.WebHost.UseUrls($"http://{(host.Contains(':') ? $"[{host}]" : host)}:{port}");
        var app = builder.Build();
        app.Use((HttpContext http, RequestDelegate next) => http.GetEndpoint()?.Metadata.GetMetadata<MetricsAccess>() is { } wanted && !wanted.Admits(http.Request.Headers.Authorization.ToString())
            ? RefuseAsync(http.Response)
            : next(http));
        app.MapGet("/healthz", () => "ok\n");
        app.MapGet("/readyz", () => ready() ? Results.Text("ready\n") : Results.Text("not a member of the cluster\n", statusCode: StatusCodes.Status503ServiceUnavailable));
        app.MapTrainerMetrics().WithMetadata(access);
        return app;
    }

    private static Task RefuseAsync(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status401Unauthorized;
        return response.WriteAsync(MetricsAccess.Refusal);
    }

    /// <summary>The port that was bound.</summary>
    public static int Port(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>();
        return new Uri(addresses!.Addresses.First()).Port;
    }

    /// <summary>Signals are for whoever runs the process, not for its HTTP port.</summary>
    private sealed class CallersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
