using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Http;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Metrics;

namespace Trainer.Coordinator;

/// <summary>
/// The coordinator's two ports: HTTP/2 for gRPC (jobs, workers, system, health, reflection), HTTP/1 for the same calls in JSON (<c>/v1</c>), <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c>.
/// </summary>
/// <remarks>Clear text cannot tell the two protocols apart on one port.</remarks>
internal sealed class CoordinatorWeb : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(3);

    // Each answers as long as the process is a member of the cluster.
    private static readonly string[] Services = [Protos.JobService.Descriptor.FullName, Protos.WorkerService.Descriptor.FullName, Protos.SystemService.Descriptor.FullName];

    private readonly WebApplication _app;

    private CoordinatorWeb(WebApplication app, string grpc, string http) => (_app, Grpc, Http) = (app, grpc, http);

    /// <summary>http://host:port</summary>
    public string Grpc { get; }

    /// <summary>http://host:port</summary>
    public string Http { get; }

    /// <exception cref="IOException">A port cannot be bound.</exception>
    public static async Task<CoordinatorWeb> StartAsync(
        CoordinatorOptions options, IJobStore store, ArtifactStores stores, LogSignal written, JobViewers viewers, JobDirectory directory, Func<bool> isMember, ILoggerFactory loggers)
    {
        var (grpc, http) = (new Listening(options.Host), new Listening(options.Host));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            grpc.Bind(kestrel, options.GrpcPort, HttpProtocols.Http2);
            http.Bind(kestrel, options.HttpPort, HttpProtocols.Http1);
        });
        builder.Services
            .AddSingleton(loggers)
            .AddSingleton(written)
            .AddSingleton(viewers)
            .AddSingleton<IHostLifetime, CallersLifetime>()
            .Configure<HostOptions>(host => host.ShutdownTimeout = StopTimeout)
            .AddRouting()
            .AddTrainerTelemetry(ClusterNames.CoordinatorRole);
        builder.Services.AddSingleton(_ => new ApiCalls(() => grpc.Own)); // Disposed with the application.
        AddApi(builder.Services, options, store, stores, directory, isMember);
        var app = builder.Build();
        Map(app);
        await app.StartAsync();
        return new CoordinatorWeb(app, grpc.Url, http.Url);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void AddApi(IServiceCollection services, CoordinatorOptions options, IJobStore store, ArtifactStores stores, JobDirectory directory, Func<bool> isMember)
    {
        services
            .AddSingleton(new ApiToken(options.Token))
            .AddSingleton(store)
            .AddSingleton(directory)
            .AddSingleton<DataCatalog>()
            .AddSingleton(options.Files)
            .AddSingleton<JobValidator>()
            .AddSingleton<JobOrigins>()
            .AddSingleton<CheckThreads>()
            .AddSingleton<ArtifactThreads>()
            .AddSingleton(_ => new ArtifactReader())
            .AddSingleton<JobDeletion>()
            .AddSingleton(options.Retention)
            .AddSingleton<JobPruning>()
            .AddHostedService<JobRetention>()
            .AddSingleton<JobWatches>()
            .AddSingleton<LogStreams>()
            .AddSingleton<JobMetrics>()
            .AddSingleton(new CoordinatorIdentity(options.Name, TimeProvider.System.GetUtcNow()))
            .AddSingleton(new JobArtifacts(stores, options.Artifacts))
            .AddSingleton<FaultInterceptor>()
            .AddSingleton<BearerTokenInterceptor>()
            .AddGrpc(grpc =>
            {
                grpc.Interceptors.Add<FaultInterceptor>();
                grpc.Interceptors.Add<BearerTokenInterceptor>();
            });
        services.AddGrpcReflection();
        services.AddGrpcHealthChecks(health =>
        {
            foreach (var service in Services)
            {
                health.Services.Map(service, _ => true);
            }
        }).AddCheck("member", () => isMember() ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("not a member of the cluster"));
    }

    private static void Map(WebApplication app)
    {
        app.ExplainUnreadableRequests();
        app.MapGrpcService<JobService>();
        app.MapGrpcService<WorkerService>();
        app.MapGrpcService<SystemService>();
        app.MapGrpcHealthChecksService();
        app.MapGrpcReflectionService();
        app.MapHttpApi(app.Services.GetRequiredService<ApiCalls>());
        app.MapTrainerMetrics();
        app.MapHealthChecks("/healthz", new HealthCheckOptions { Predicate = _ => false }); // alive: it answers
        app.MapHealthChecks("/readyz");
    }

    /// <summary>Signals are for whoever runs the process, not for its web server.</summary>
    private sealed class CallersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
