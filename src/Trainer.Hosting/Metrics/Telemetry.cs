using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace Trainer.Hosting.Metrics;

/// <summary>OpenTelemetry with the Prometheus exporter, the same in every process.</summary>
public static class Telemetry
{
    /// <summary>Registers the meters of this process (trainer's, the .NET runtime's) and <c>trainer_build_info</c>.</summary>
    public static IServiceCollection AddTrainerTelemetry(this IServiceCollection services, string role)
    {
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(MetricCatalog.Meter)
            .AddRuntimeInstrumentation()
            .AddInstrumentation(() => BuildInfo(role))
            .AddPrometheusExporter(exporter =>
            {
                exporter.ScopeInfoEnabled = false; // otel_scope_name on every series tells nothing here
                exporter.TargetInfoEnabled = false;
            }));
        return services;
    }

    /// <summary>Maps <c>/metrics</c>.</summary>
    public static IEndpointConventionBuilder MapTrainerMetrics(this WebApplication app) => app.MapPrometheusScrapingEndpoint();

    private static Meter BuildInfo(string role)
    {
        var meter = new Meter(MetricCatalog.Meter);
        var version = typeof(Telemetry).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        meter.ObserveEach<int>(MetricCatalog.BuildInfo, () =>
            [new(1, Label("version", version), Label("runtime", RuntimeInformation.FrameworkDescription), Label("role", role))]);
        return meter;
    }

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);
}
