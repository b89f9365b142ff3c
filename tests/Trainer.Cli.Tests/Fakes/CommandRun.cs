using System.Text.Json.Nodes;
using Trainer.Cli.Output;

namespace Trainer.Cli.Tests.Fakes;

/// <summary>The command line run in this process, as a user sees it: exit code, output, errors.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Errors)
{
    public IReadOnlyList<JsonObject> JsonLines =>
        [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())];

    /// <param name="home">$TRAINER_HOME.</param>
    public static Task<CommandRun> InAsync(string home, params string[] arguments) => RunningCommand.Start(home, arguments).EndAsync();

    /// <param name="environment">What is set beside $TRAINER_HOME.</param>
    public static Task<CommandRun> InAsync(string home, Dictionary<string, string> environment, params string[] arguments) =>
        RunningCommand.Start(home, environment, arguments).EndAsync();
}

/// <summary>A command that runs meanwhile.</summary>
internal sealed class RunningCommand : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();
    private readonly CancellationTokenSource _interrupt = new();
    private readonly Task<int> _run;

    private RunningCommand(string home, Dictionary<string, string> environment, string[] arguments)
    {
        var shell = new Shell
        {
            Out = TextWriter.Synchronized(_output),
            Error = TextWriter.Synchronized(_errors),
            Environment = name => name switch
            {
                "TRAINER_HOME" => home,
                "PATH" => Environment.GetEnvironmentVariable("PATH"),
                _ => environment.GetValueOrDefault(name),
            },
        };
        _run = Task.Run(() => Application.RunAsync(arguments, shell, _interrupt.Token));
    }

    public bool HasEnded => _run.IsCompleted;

    public static RunningCommand Start(string home, params string[] arguments) => new(home, [], arguments);

    public static RunningCommand Start(string home, Dictionary<string, string> environment, params string[] arguments) => new(home, environment, arguments);

    /// <summary>Waits until the output has the text.</summary>
    public Task SaysAsync(string text) => Eventually.TrueAsync(() => _output.ToString().Contains(text, StringComparison.Ordinal), $"the output says '{text}'");

    /// <summary>Waits until the error stream has the text.</summary>
    public Task WarnsAsync(string text) => Eventually.TrueAsync(() => _errors.ToString().Contains(text, StringComparison.Ordinal), $"the errors say '{text}'");

    public void Interrupt() => _interrupt.Cancel();

    public async Task<CommandRun> EndAsync()
    {
        var exitCode = await _run.WaitAsync(Limit);
        return new CommandRun(exitCode, _output.ToString(), _errors.ToString());
    }

    public void Dispose()
    {
        _output.Dispose();
        _errors.Dispose();
        _interrupt.Dispose();
    }
}

internal static class Eventually
{
    /// <summary>Waits for a condition of another process or thread that cannot be awaited.</summary>
    public static async Task TrueAsync(Func<bool> condition, string what, int seconds = 180)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (!condition())
        {
            Assert.False(limit.IsCancellationRequested, $"Waited {seconds} s in vain until {what}.");
            await Task.Delay(20);
        }
    }
}
