using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Dispatch;
using Akka.Event;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Logging;
using MsLogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace Trainer.Hosting.Cluster;

/// <summary>Hands the process's logger factory to the actor system.</summary>
internal sealed class LoggerSetup(ILoggerFactory loggers) : Setup
{
    public ILoggerFactory Loggers { get; } = loggers;
}

/// <summary>Writes Akka's log events to Microsoft.Extensions.Logging. The category is the class that logs; for what logs under a mere word, Akka.WORD.</summary>
internal sealed class LoggerBridge : ActorBase, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    private readonly ILoggerFactory _loggers;

    public LoggerBridge()
    {
        var setup = Context.System.Settings.Setup.Get<LoggerSetup>();
        _loggers = setup.HasValue ? setup.Value.Loggers : throw new InvalidOperationException("The actor system was made without a LoggerSetup.");
    }

    protected override bool Receive(object message)
    {
        switch (message)
        {
            case InitializeLogger:
                Sender.Tell(new LoggerInitialized());
                return true;
            case LogEvent log:
                _loggers.CreateLogger(Category(log)).Log(Level(log), default, new JobLine($"{log.Message}", JobOf(log.Message)), log.Cause, (line, _) => line.Message);
                return true;
            default:
                return false;
        }
    }

    private static string Category(LogEvent log) =>
        log.LogClass == typeof(DummyClassForStringSources) ? $"Akka.{log.LogSource.Split(' ')[0]}" : log.LogClass.FullName ?? "Akka";

    private static string? JobOf(object message) => message is LogMessage template && template.GetProperties().TryGetValue(JobLine.Key, out var job) ? $"{job}" : null;

    private static MsLogLevel Level(LogEvent log) => log.LogLevel() switch
    {
        Akka.Event.LogLevel.ErrorLevel => MsLogLevel.Error,
        Akka.Event.LogLevel.WarningLevel => MsLogLevel.Warning,
        Akka.Event.LogLevel.InfoLevel => MsLogLevel.Information,
        _ => MsLogLevel.Debug,
    };
}

/// <summary>What Akka logs with before its loggers run and after they have stopped: a process's standard output belongs to its user.</summary>
internal sealed class SilentLogger : MinimalLogger
{
    protected override void Log(object message)
    {
    }
}
