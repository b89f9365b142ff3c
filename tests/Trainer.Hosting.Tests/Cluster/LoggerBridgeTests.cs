using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Event;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Logging;

namespace Trainer.Hosting.Tests.Cluster;

public sealed class LoggerBridgeTests
{
    private const string Settings = """akka { loglevel = INFO, stdout-loglevel = OFF, loggers = ["Trainer.Hosting.Cluster.LoggerBridge, Trainer.Hosting"] }""";

    [Fact]
    public async Task An_actors_line_says_which_job_it_is_about()
    {
        var lines = new Lines();
        using var system = ActorSystem.Create("lines", ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(ConfigurationFactory.ParseString(Settings)), new LoggerSetup(lines)));
        var log = Akka.Event.Logging.GetLogger(system, typeof(LoggerBridgeTests));
        log.Warning("{Job}: {State} ({Reason})", "j-7", "RUNNING", "Started");
        log.Warning("{0} is about none.", "this");
        Assert.Equal(("j-7: RUNNING (Started)", "j-7"), await lines.NextAsync());
        Assert.Equal(("this is about none.", null), await lines.NextAsync());
    }

    private sealed class Lines : ILoggerFactory, ILogger
    {
        private readonly System.Threading.Channels.Channel<(string, string?)> _lines = System.Threading.Channels.Channel.CreateUnbounded<(string, string?)>();

        public async Task<(string Message, string? Job)> NextAsync()
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            return await _lines.Reader.ReadAsync(patience.Token);
        }

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

        public void Log<TState>(Microsoft.Extensions.Logging.LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= Microsoft.Extensions.Logging.LogLevel.Warning)
            {
                _lines.Writer.TryWrite((formatter(state, exception), JobLine.JobOf(state)));
            }
        }

        public void Dispose()
        {
        }
    }
}
