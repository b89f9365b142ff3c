using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Trainer.Hosting.Traces;

/// <summary>
/// Sends this process's spans by OTLP, in batches and from a thread of the exporter's own. Who tells a span waits for nobody: where the collector is away, spans are dropped.
/// </summary>
/// <remarks>Headers, timeouts, certificates, batches, sampling and the resource are OpenTelemetry's own variables (OTEL_*), which its packages read.</remarks>
public sealed class TraceExport : IDisposable
{
    /// <summary>How long a process that stops waits for the collector.</summary>
    private const int LastWords = 2000;

    private readonly TracerProvider _provider;
    private readonly ExportFaults _faults;

    private TraceExport(OtlpTarget target, ResourceBuilder resource, ILogger logger)
    {
        _faults = new ExportFaults(target.Endpoint, logger);
        _provider = Sdk.CreateTracerProviderBuilder().AddSource(SpanCatalog.Source).SetResourceBuilder(resource).AddProcessor(Batches(target)).Build();
    }

    /// <param name="target">Null: nothing is sent, and nothing listens.</param>
    /// <param name="role">coordinator or worker.</param>
    /// <param name="name">The process's, unique in the cluster.</param>
    public static TraceExport? Start(OtlpTarget? target, string role, string name, ILogger logger)
    {
        if (target is null)
        {
            return null;
        }

        logger.LogInformation("Spans go to {Collector} ({Protocol}).", target.Endpoint, target.IsGrpc ? "gRPC" : "HTTP");
        return new TraceExport(target, ResourceOf(role, name), logger);
    }

    public void Dispose()
    {
        _provider.Shutdown(LastWords);
        _provider.Dispose();
        _faults.Dispose();
    }

    /// <summary>OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.</summary>
    internal static ResourceBuilder ResourceOf(string role, string name) => ResourceBuilder.CreateEmpty()
        .AddService($"trainer-{role}", serviceNamespace: "trainer", serviceVersion: TrainerVersion.Current, autoGenerateServiceInstanceId: false, serviceInstanceId: name)
        .AddTelemetrySdk()
        .AddEnvironmentVariableDetector();

    private static BatchActivityExportProcessor Batches(OtlpTarget target)
    {
        var batches = new BatchExportActivityProcessorOptions();
        return new BatchActivityExportProcessor(
            new OtlpTraceExporter(target.ToOptions()), batches.MaxQueueSize, target.DelayMilliseconds ?? batches.ScheduledDelayMilliseconds, batches.ExporterTimeoutMilliseconds, batches.MaxExportBatchSize);
    }
}
