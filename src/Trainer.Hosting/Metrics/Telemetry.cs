using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Trainer.Hosting.Metrics;

/// <summary>OpenTelemetry with the Prometheus exporter, the same in every process.</summary>
public static class Telemetry
{
    /// <summary>Registers the meters of this process (trainer's, the .NET runtime's) and <c>trainer_build_info</c>.</summary>
    public static IServiceCollection AddTrainerTelemetry(this IServiceCollection services, string role) => throw new NotImplementedException();

    /// <summary>Maps <c>/metrics</c>.</summary>
    public static WebApplication MapTrainerMetrics(this WebApplication app) => throw new NotImplementedException();
}
