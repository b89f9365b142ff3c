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
    /// <summary>Registers the meters of <paramref name="owners"/>, the .NET runtime's and <c>trainer_build_info</c>.</summary>
    /// <param name="role">The label of <c>trainer_build_info</c>.</param>
    /// <param name="owners">Whose meters these are (<see cref="MetricCatalog.MeterOf"/>); of each kind one, for OpenTelemetry takes instruments of one name for one instrument, which ends with the first of them.</param>
    public static IServiceCollection AddTrainerTelemetry(this IServiceCollection services, string role, params IEnumerable<object> owners)
    {
        var build = new object();
        var known = owners.Append(build).ToHashSet(ReferenceEqualityComparer.Instance);
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(MetricCatalog.Meter)
            .AddView(instrument => instrument.Meter is { Name: MetricCatalog.Meter, Scope: var owner } && !known.Contains(owner!) ? MetricStreamConfiguration.Drop : null)
            .AddRuntimeInstrumentation()
            .AddInstrumentation(() => BuildInfo(build, role))
            .AddPrometheusExporter(exporter =>
            {
                exporter.ScopeInfoEnabled = false; // otel_scope_name on every series tells nothing here
                exporter.TargetInfoEnabled = false;
            }));
        return services;
    }

    /// <summary>Maps <c>/metrics</c>.</summary>
    public static IEndpointConventionBuilder MapTrainerMetrics(this WebApplication app) => app.MapPrometheusScrapingEndpoint();

    private static Meter BuildInfo(object owner, string role)
    {
        var meter = MetricCatalog.MeterOf(owner);
        var version = typeof(Telemetry).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        meter.ObserveEach<int>(MetricCatalog.BuildInfo, () =>
            [new(1, Label("version", version), Label("runtime", RuntimeInformation.FrameworkDescription), Label("role", role))]);
        return meter;
    }

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);
}
