using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Trainer.Hosting.Logging;

/// <summary>What <see cref="LineFormatter"/> is told.</summary>
internal sealed class LineFormatterOptions : ConsoleFormatterOptions
{
    public LogFormat Format { get; set; }

    /// <inheritdoc cref="LogOptions.IdsOf"/>
    public Func<string, (string Trace, string Span)>? IdsOf { get; set; }
}

/// <summary>An event of the log as one line, whatever line breaks it holds: text for people, or JSON for programs.</summary>
internal sealed class LineFormatter(IOptions<LineFormatterOptions> options, TimeProvider? clock = null) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "trainer";

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        var time = (clock ?? TimeProvider.System).GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        textWriter.WriteLine(options.Value.Format == LogFormat.Json
            ? ToJson(time, logEntry.LogLevel, logEntry.Category, message, logEntry.Exception, logEntry.State as AuditEvent, JobLine.JobOf(logEntry.State))
            : ToText(time, logEntry.LogLevel, logEntry.Category, message, logEntry.Exception));
    }

    private static string ToText(string time, LogLevel level, string category, string message, Exception? exception)
    {
        var text = $"{time} {Word(level),-5} {category}: {message}{(exception is null ? "" : $" {exception}")}";
        return text.ReplaceLineEndings(" ");
    }

    private string ToJson(string time, LogLevel level, string category, string message, Exception? exception, AuditEvent? audit, string? job)
    {
        var line = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["time"] = time,
            ["level"] = Word(level),
            ["category"] = category,
            ["message"] = message,
        };
        if (exception is not null)
        {
            line["exception"] = exception.ToString();
        }

        if (job is not null && options.Value.IdsOf?.Invoke(job) is var (trace, span))
        {
            (line["trace_id"], line["span_id"]) = (trace, span);
        }

        foreach (var (name, value) in audit?.Fields ?? [])
        {
            line[name] = value;
        }

        return JsonSerializer.Serialize(line, Json);
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        _ => "error",
    };
}
