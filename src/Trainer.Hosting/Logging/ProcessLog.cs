using Microsoft.Extensions.Logging;

namespace Trainer.Hosting.Logging;

/// <summary>How a line of the log looks.</summary>
public enum LogFormat
{
    /// <summary>2026-11-28T21:03:04.123Z info  Trainer.Node: message</summary>
    Text,

    /// <summary>One JSON object per line: time, level, category, message and, with a fault, exception.</summary>
    Json,
}

/// <summary>What a process writes to its log, and how.</summary>
public sealed record LogOptions(LogLevel Level = LogLevel.Information, LogFormat Format = LogFormat.Text)
{
    /// <summary>Of a job: the ids of its trace and of a span there, which lines of JSON about it carry; null: there are none.</summary>
    public Func<string, (string Trace, string Span)>? IdsOf { get; init; }
}

/// <summary>The log of a process of the cluster: its standard output, one line per event.</summary>
public static class ProcessLog
{
    public static ILoggerFactory Create(LogOptions options) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(options.Level)
            .AddConsole(console => console.FormatterName = LineFormatter.FormatterName)
            .AddConsoleFormatter<LineFormatter, LineFormatterOptions>(line => (line.Format, line.IdsOf) = (options.Format, options.IdsOf));
        logging.AddFilter(AuditEvent.Category, LogLevel.Information); // However little else is asked for.
        foreach (var (category, least) in Libraries)
        {
            logging.AddFilter(category, options.Level < LogLevel.Information || options.Level > least ? options.Level : least);
        }
    });

    /// <summary>What libraries say matters only from these levels on, unless somebody asked for every detail.</summary>
    private static IEnumerable<(string Category, LogLevel Least)> Libraries { get; } =
    [
        ("Microsoft", LogLevel.Warning),
        ("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None), // tells with a stack that a port is taken; the process itself says so in a line
        ("Grpc", LogLevel.Warning),
        ("Grpc.AspNetCore.Server.ServerCallHandler", LogLevel.None), // tells with a stack what a caller sent that is no message; faults of ours FaultInterceptor tells
        ("Akka", LogLevel.Warning),
        ("Akka.Remote", LogLevel.Error), // of a process that is gone, the membership tells once; these tell every second
        ("Akka.remoting", LogLevel.None), // and these tell with a stack that a port is taken
        ("Akka.Cluster.JoinSeedNodeProcess", LogLevel.Error), // DisposableCluster tells, once
        ("Akka.Cluster.FirstSeedNodeProcess", LogLevel.Error),
    ];
}
