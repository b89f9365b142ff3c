using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Metrics;

namespace Trainer.Node;

/// <summary>A node's HTTP port: <c>/healthz</c> (alive), <c>/readyz</c> (a full member of the cluster), and <c>/metrics</c> for who has a token.</summary>
internal static class NodeHttp
{
    /// <param name="certificates">It is spoken to in TLS, but on loopback; null: in clear.</param>
    public static WebApplication Create(string host, int port, ProcessCertificates? certificates, MetricsAccess access, Func<bool> ready, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(loggers);
        builder.Services.AddTrainerTelemetry(ClusterNames.WorkerRole);
        builder.Services.AddSingleton<IHostLifetime, CallersLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel => Bind(kestrel, host, port, OwnHost.IsLoopback(host) ? null : certificates));
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

    /// <summary>http://host:port or https://host:port, once it was bound.</summary>
    public static string Url(string host, WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>();
        return new UriBuilder(addresses!.Addresses.First()) { Host = host }.Uri.GetLeftPart(UriPartial.Authority);
    }

    /// <summary>Binds the address; for the name of a host, all of its addresses.</summary>
    private static void Bind(KestrelServerOptions kestrel, string host, int port, ProcessCertificates? certificates)
    {
        var address = host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out var literal) ? literal : IPAddress.Any;
        kestrel.Listen(address, port, options =>
        {
            if (certificates is not null)
            {
                options.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(certificates.ForClients()) });
            }
        });
    }

    /// <summary>Signals are for whoever runs the process, not for its HTTP port.</summary>
    private sealed class CallersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
