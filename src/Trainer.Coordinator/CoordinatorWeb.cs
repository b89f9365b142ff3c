using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Http;
using Trainer.Coordinator.Mlflow;
using Trainer.Coordinator.Store;
using Trainer.Dashboard;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Limits;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Steps;
using Trainer.Hosting.Web;

namespace Trainer.Coordinator;

/// <summary>
/// The coordinator's two ports: HTTP/2 for gRPC (jobs, workers, system, health, reflection), HTTP/1 for the same calls in JSON (<c>/v1</c>), the dashboard, <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c>.
/// </summary>
/// <remarks>
/// Clear text cannot tell the two protocols apart on one port. With certificates of its own both ports speak TLS and take both protocols; but on loopback the second stays in
/// clear, for browsers, curl and scrapers of the machine.
/// </remarks>
internal sealed class CoordinatorWeb : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(3);

    // Each answers as long as the process is a member of the cluster.
    private static readonly string[] Services = [Protos.JobService.Descriptor.FullName, Protos.WorkerService.Descriptor.FullName, Protos.SystemService.Descriptor.FullName, Protos.TokenService.Descriptor.FullName, Protos.DataSetService.Descriptor.FullName, Protos.SessionService.Descriptor.FullName, Protos.PictureService.Descriptor.FullName];

    private readonly WebApplication _app;

    private readonly Listening _grpc;
    private readonly Listening _http;

    private CoordinatorWeb(WebApplication app, Listening grpc, Listening http) => (_app, _grpc, _http) = (app, grpc, http);

    /// <summary>http://host:port</summary>
    public string Grpc => _grpc.Url;

    /// <summary>http://host:port</summary>
    public string Http => _http.Url;

    /// <summary>All that can be asked for.</summary>
    public IReadOnlyList<Endpoint> Endpoints => _app.Services.GetRequiredService<EndpointDataSource>().Endpoints;

    /// <exception cref="IOException">A port cannot be bound.</exception>
    public static async Task<CoordinatorWeb> StartAsync(
        CoordinatorOptions options, ProcessCertificates? certificates, IJobStore store, ArtifactStores stores, ControlMetrics metrics, LogSignal written, JobViewers viewers, JobDirectory directory, Func<bool> isMember, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("Trainer.Coordinator");
        var shown = options.Certificates is null ? null : certificates;
        var (grpc, http) = (new Listening(options.Host, Gate(), shown), new Listening(options.Host, Gate(), OwnHost.IsLoopback(options.Host) ? null : shown));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            grpc.Bind(kestrel, options.GrpcPort, HttpProtocols.Http2);
            http.Bind(kestrel, options.HttpPort, HttpProtocols.Http1);
            kestrel.Limits.MaxRequestBodySize = null; // Whoever reads a body has a limit: gRPC and HttpRequests.
        });
        builder.Services
            .AddSingleton(loggers)
            .AddSingleton(written)
            .AddSingleton(viewers)
            .AddSingleton<IHostLifetime, CallersLifetime>()
            .Configure<HostOptions>(host => host.ShutdownTimeout = StopTimeout)
            .AddRouting()
            .AddTrainerTelemetry(ClusterNames.CoordinatorRole, certificates is null ? [metrics] : [metrics, certificates]);
        builder.Services.AddSingleton(_ => new ApiCalls(() => grpc.Own, shown?.ToSelf())); // Disposed with the application.
        AddApi(builder.Services, options, store, stores, metrics, directory, isMember);
        var app = builder.Build();
        Map(app, options);
        await Listening.StartAsync(app, grpc, http);
        return new CoordinatorWeb(app, grpc, http);

        ConnectionGate Gate() => new(options.Limits, TimeProvider.System, logger);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _grpc.Dispose();
        _http.Dispose();
    }

    private static void AddApi(IServiceCollection services, CoordinatorOptions options, IJobStore store, ArtifactStores stores, ControlMetrics metrics, JobDirectory directory, Func<bool> isMember)
    {
        services
            .AddSingleton(new ApiToken(options.Token))
            .AddSingleton(store)
            .AddSingleton(metrics)
            .AddSingleton<CallMeter>()
            .AddSingleton(directory)
            .AddSingleton(new DataSets(stores, options.Artifacts, options.Limits))
            .AddSingleton<DataSetUses>()
            .AddSingleton<DataSetChecks>()
            .AddSingleton<DataCatalog>()
            .AddSingleton(options.Files)
            .AddSingleton(options.Limits)
            .AddSingleton<JobValidator>()
            .AddSingleton<JobOrigins>()
            .AddSingleton<CheckThreads>()
            .AddSingleton<ArtifactThreads>()
            .AddKeyedSingleton<ArtifactThreads>(DataSetService.Threads)
            .AddSingleton(_ => new ArtifactReader())
            .AddSingleton<JobDeletion>()
            .AddSingleton(options.Retention)
            .AddSingleton<JobPruning>()
            .AddHostedService<JobRetention>()
            .AddSingleton<JobWatches>()
            .AddSingleton<LogStreams>()
            .AddSingleton<StepSummaries>()
            .AddSingleton<JobMetrics>()
            .AddSingleton<JobModels>()
            .AddSingleton(new CoordinatorIdentity(options.Name, TimeProvider.System.GetUtcNow(), options.TraceLink))
            .AddSingleton(new JobArtifacts(stores, options.Artifacts))
            .AddSingleton(services => new InspectionProcess(options.Inspection, options.Limits, services.GetRequiredService<ILoggerFactory>()))
            .AddSingleton<FaultInterceptor>()
            .AddSingleton(TimeProvider.System)
            .AddSingleton<TokenBook>()
            .AddSingleton<Gatekeeper>()
            .AddSingleton<ClientBudgets>()
            .AddSingleton<AccessGate>()
            .AddSingleton<AuditLog>()
            .AddSingleton<AuditInterceptor>()
            .AddSingleton<TraceInterceptor>()
            .AddSingleton<OwnershipInterceptor>()
            .AddSingleton<MlflowApi>()
            .AddGrpc(grpc =>
            {
                grpc.MaxReceiveMessageSize = options.Limits.Count(ProcessLimits.MessageBytes);
                grpc.Interceptors.Add<CallMeter>();
                grpc.Interceptors.Add<TraceInterceptor>();
                grpc.Interceptors.Add<AuditInterceptor>();
                grpc.Interceptors.Add<FaultInterceptor>();
                grpc.Interceptors.Add<OwnershipInterceptor>();
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

    private static void Map(WebApplication app, CoordinatorOptions options)
    {
        app.Use(new HostNames(options.AllowedHosts).PassAsync);
        app.Use(app.Services.GetRequiredService<AccessGate>().PassAsync);
        app.ExplainUnreadableRequests(options.Limits);
        app.MapGrpcService<JobService>();
        app.MapGrpcService<WorkerService>();
        app.MapGrpcService<SystemService>();
        app.MapGrpcService<TokenService>();
        app.MapGrpcService<DataSetService>();
        app.MapGrpcService<SessionService>();
        app.MapGrpcService<PictureService>();
        app.MapGrpcHealthChecksService();
        app.MapGrpcReflectionService();
        app.MapHttpApi(app.Services.GetRequiredService<ApiCalls>());
        app.Services.GetRequiredService<MlflowApi>().Map(app);
        AccessGate.Named(app.MapDashboardPage(Permissions.Page), Permissions.Page);
        AccessGate.Named(app.MapDashboardFiles(Permissions.PageFile), Permissions.PageFile);
        AccessGate.Named(app.MapTrainerMetrics(), options.MetricsOpen ? Permissions.OpenMetrics : Permissions.Metrics);
        AccessGate.Named(app.MapHealthChecks("/healthz", new HealthCheckOptions { Predicate = _ => false }), "/healthz"); // alive: it answers
        AccessGate.Named(app.MapHealthChecks("/readyz"), "/readyz");
    }
}
