using Microsoft.Extensions.Logging;

namespace Trainer.Coordinator;

/// <summary>What a coordinator writes to its standard output: one line per event.</summary>
internal static class CoordinatorLog
{
    public static ILoggerFactory Create() => LoggerFactory.Create(logging => logging
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        })
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddFilter("Grpc", LogLevel.Warning)
        .AddFilter("Akka", LogLevel.Warning)
        .AddFilter("Akka.Remote", LogLevel.Error) // of a process that is gone, the membership tells once; these two tell every second
        .AddFilter("Akka.remoting", LogLevel.Error));
}
