using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Logging;

namespace Trainer.Hosting.Traces;

/// <summary>What OpenTelemetry's exporter complains of, as lines of the log: the first at once, then one a minute.</summary>
internal sealed class ExportFaults : EventListener
{
    private const string Exporter = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    private const string Inner = " ---> ";

    // Its events after which spans are gone; others are about its settings.
    private static readonly string[] Losses =
    [
        "FailedToReachCollector", "ExportMethodException", "TrySubmitRequestException", "BufferExceededMaxSize", "BufferResizeFailedDueToMemory", "TransientHttpError", "HttpRequestFailed",
        "OperationUnexpectedlyCanceled", "RequestTimedOut", "GrpcStatusWarning", "ExportFailure",
    ];

    private readonly LineAMinute? _losses;
    private readonly LineAMinute? _others;

    public ExportFaults(Uri collector, ILogger logger)
    {
        _losses = new LineAMinute((count, last) => logger.LogWarning(
            "Spans do not reach {Collector} and are dropped; nothing waits for them. Faults since the last such line: {Count}. The last one: {Reason}", collector, count, last));
        _others = new LineAMinute((count, last) => logger.LogWarning("OpenTelemetry's exporter has said {Count} things since the last such line. The last one: {Reason}", count, last));
    }

    public override void Dispose()
    {
        base.Dispose();
        _losses?.Dispose();
        _others?.Dispose();
    }

    // Called by the base class's constructor too, before there are lines.
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Exporter)
        {
            EnableEvents(eventSource, EventLevel.Warning);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData) => (Losses.Contains(eventData.EventName) ? _losses : _others)?.Note(Reason(eventData));

    private static string Reason(EventWrittenEventArgs fault)
    {
        object[] parts = [.. fault.Payload?.Select((part, i) => Shown(fault.PayloadNames?[i] ?? "", $"{part}")) ?? []];
        return fault.Message is { } format ? string.Format(CultureInfo.InvariantCulture, format, parts) : fault.EventName ?? "unknown";
    }

    /// <summary>What a collector answers is left out: a page of any length, in which the headers may be that it was sent.</summary>
    internal static string Shown(string name, string text) => name.StartsWith("response", StringComparison.OrdinalIgnoreCase) && text.Length > 0 ? $"{text.Length} characters" : Short(text);

    /// <summary>Exceptions come with their stacks, and the innermost one says it best.</summary>
    internal static string Short(string text)
    {
        var lines = text.Split('\n');
        return (lines.LastOrDefault(line => line.StartsWith(Inner, StringComparison.Ordinal)) is { } inner ? inner[Inner.Length..] : lines[0]).Trim();
    }
}
