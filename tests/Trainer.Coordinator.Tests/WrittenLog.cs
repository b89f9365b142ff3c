using System.Collections.Concurrent;

namespace Trainer.Coordinator.Tests;

/// <summary>Everything that was logged, to be looked through.</summary>
internal sealed class WrittenLog : ILoggerFactory
{
    private readonly ConcurrentQueue<(string Category, LogLevel Level, string Message)> _lines = new();

    public IEnumerable<string> Of(string category) => _lines.Where(line => line.Category == category).Select(line => line.Message);

    public IReadOnlyCollection<(string Category, LogLevel Level, string Message)> All => _lines;

    public ILogger CreateLogger(string categoryName) => new Writer(_lines, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private sealed class Writer(ConcurrentQueue<(string, LogLevel, string)> lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= (category.StartsWith("Trainer", StringComparison.Ordinal) ? LogLevel.Information : LogLevel.Warning);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                lines.Enqueue((category, logLevel, $"{formatter(state, exception)}{(exception is null ? "" : $" {exception}")}"));
            }
        }
    }
}
