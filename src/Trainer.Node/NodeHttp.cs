using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Limits;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Web;

namespace Trainer.Node;

/// <summary>A node's HTTP port: <c>/healthz</c> (alive), <c>/readyz</c> (a full member of the cluster), and <c>/metrics</c> for who has a token.</summary>
internal sealed class NodeHttp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Listening _listening;

    /// <param name="certificates">It is spoken to in TLS, but on loopback; null: in clear.</param>
    /// <param name="measured">Whose measurements <c>/metrics</c> shows.</param>
    public NodeHttp(string host, int port, ProcessCertificates? certificates, MetricsAccess access, IEnumerable<object> measured, ProcessLimits limits, Func<bool> ready, ILoggerFactory loggers)
    {
        var gate = new ConnectionGate(limits, TimeProvider.System, loggers.CreateLogger("Trainer.Node"));
        _listening = new Listening(host, gate, OwnHost.IsLoopback(host) ? null : certificates);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(loggers);
        builder.Services.AddTrainerTelemetry(ClusterNames.WorkerRole, measured);
        builder.Services.AddSingleton<IHostLifetime, CallersLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel => _listening.Bind(kestrel, port, HttpProtocols.Http1));
        _app = builder.Build();
        _app.Use((HttpContext http, RequestDelegate next) => PassAsync(http, access, next));
        _app.MapGet("/healthz", () => "ok\n");
        _app.MapGet("/readyz", () => ready() ? Results.Text("ready\n") : Results.Text("not a member of the cluster\n", statusCode: StatusCodes.Status503ServiceUnavailable));
        _app.MapTrainerMetrics().WithMetadata(access);
    }

    /// <summary>http://host:port or https://host:port, once it has started.</summary>
    public string Url => _listening.Url;

    /// <exception cref="IOException">The port cannot be bound.</exception>
    public Task StartAsync() => Listening.StartAsync(_app, _listening);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _listening.Dispose();
    }

    private static async Task PassAsync(HttpContext http, MetricsAccess access, RequestDelegate next)
    {
        var visitor = Visitor.Find(http);
        visitor?.Begin();
        try
        {
            if (http.GetEndpoint()?.Metadata.GetMetadata<MetricsAccess>() is null)
            {
                await next(http);
            }
            else if (access.Admits(http.Request.Headers.Authorization.ToString()))
            {
                visitor?.Known();
                await next(http);
            }
            else
            {
                http.Response.StatusCode = StatusCodes.Status401Unauthorized;
                await http.Response.WriteAsync(MetricsAccess.Refusal);
            }
        }
        finally
        {
            visitor?.End();
        }
    }
}
