using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Trainer.Hosting.Logging;

namespace Trainer.Hosting.Tests.Logging;

public sealed class LineFormatterTests
{
    [Fact]
    public void A_line_of_text_has_date_level_category_and_message() =>
        Assert.Equal("2026-11-28T21:03:04.005Z warn  Trainer.Node: two lines\n", Write(LogFormat.Text, LogLevel.Warning, "two\nlines"));

    [Fact]
    public void An_exception_stays_in_the_line()
    {
        var text = Write(LogFormat.Text, LogLevel.Error, "it broke", new InvalidOperationException("why\nso"));

        Assert.StartsWith("2026-11-28T21:03:04.005Z error Trainer.Node: it broke System.InvalidOperationException: why so", text);
        Assert.Equal(1, text.Count(c => c == '\n'));
    }

    [Fact]
    public void A_line_of_json_is_one_object_with_the_same_in_it()
    {
        var text = Write(LogFormat.Json, LogLevel.Critical, "'two'\nlines", new InvalidOperationException("why"));

        var line = JsonDocument.Parse(text).RootElement;
        Assert.Equal(["time", "level", "category", "message", "exception"], line.EnumerateObject().Select(property => property.Name));
        Assert.Equal("2026-11-28T21:03:04.005Z", line.GetProperty("time").GetString());
        Assert.Equal("error", line.GetProperty("level").GetString());
        Assert.Equal("'two'\nlines", line.GetProperty("message").GetString());
        Assert.Equal(1, text.Count(c => c == '\n'));
    }

    /// <summary>Names as OpenTelemetry has them for logs that are not OTLP.</summary>
    [Fact]
    public void A_line_of_json_about_a_job_has_the_ids_of_its_trace_where_there_are_traces()
    {
        var loggers = new Lines(new LineFormatterOptions { Format = LogFormat.Json, IdsOf = job => ($"trace of {job}", $"span of {job}") });
        loggers.LogWarning("Job {Job}: no link to {Peer}", "j-7", "worker-1");
        loggers.LogWarning("no job here, {Peer}", "worker-1");
        loggers.Log(LogLevel.Information, default, new AuditEvent("ann", "operator", "", "127.0.0.1", "CancelJob", "j-7", "OK") { Job = "j-7" }, null, (audit, _) => audit.ToString());
        Assert.Equal(("trace of j-7", "j-7"), (JsonDocument.Parse(loggers.Written[2]).RootElement.GetProperty("trace_id").GetString(), JsonDocument.Parse(loggers.Written[2]).RootElement.GetProperty("subject").GetString()));
        var (of, without) = (JsonDocument.Parse(loggers.Written[0]).RootElement, JsonDocument.Parse(loggers.Written[1]).RootElement);
        Assert.Equal(("Job j-7: no link to worker-1", "trace of j-7", "span of j-7"), (of.GetProperty("message").GetString(), of.GetProperty("trace_id").GetString(), of.GetProperty("span_id").GetString()));
        Assert.Equal(["time", "level", "category", "message"], without.EnumerateObject().Select(property => property.Name));

        loggers = new Lines(new LineFormatterOptions { Format = LogFormat.Json });
        loggers.LogWarning("Job {Job}: no link", "j-7");
        Assert.DoesNotContain("trace", loggers.Written[0]);
    }

    private static string Write(LogFormat format, LogLevel level, string message, Exception? exception = null)
    {
        using var text = new StringWriter();
        var formatter = new LineFormatter(Options.Create(new LineFormatterOptions { Format = format }), new Noon());
        formatter.Write(new LogEntry<string>(level, "Trainer.Node", default, message, exception, (state, _) => state), null, text);
        return text.ToString();
    }

    private sealed class Noon : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 11, 28, 21, 3, 4, 5, TimeSpan.Zero);
    }

    private sealed class Lines(LineFormatterOptions options) : ILogger
    {
        private readonly LineFormatter _formatter = new(Options.Create(options), new Noon());

        public List<string> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            using var text = new StringWriter();
            _formatter.Write(new LogEntry<TState>(logLevel, "Trainer.Node", eventId, state, exception, formatter), null, text);
            Written.Add(text.ToString());
        }
    }
}
