using System.Collections.Concurrent;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;

namespace Trainer.Cli.Local;

/// <summary>Starts processes, waits until they are ready, restarts what ends, and stops them all.</summary>
/// <param name="restart">Whether what ends is started again.</param>
/// <param name="tell">Told in a sentence whenever something happens to a process.</param>
/// <param name="grace">How long a process may take to stop before it is killed.</param>
internal sealed class Supervisor(bool restart, Action<string> tell, TimeSpan grace) : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, ChildProcess> _children = new(StringComparer.Ordinal);

    public void Start(ChildSpec spec) => _children[spec.Name] = ChildProcess.Start(spec);

    /// <summary>Waits for a condition of the start; a process that ends meanwhile, or too long a time, is an error with the tail of a log.</summary>
    /// <param name="what">What is waited for: "the coordinator".</param>
    /// <param name="slow">The process whose log tells more when time runs out.</param>
    public async Task UntilAsync(Func<Task<bool>> condition, string what, string slow, TimeSpan patience, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (_children.Values.FirstOrDefault(child => child.Exited.IsCompleted) is { } dead)
                throw Failure($"{dead.Spec.Name} ended with exit code {await dead.Exited} while starting.", dead.Spec.LogFile);
            if (TimeProvider.System.GetElapsedTime(since) > patience)
                throw Failure($"{what} did not get ready within {Words.Duration(patience.TotalSeconds)}.", _children[slow].Spec.LogFile);
            await Task.Delay(Poll, stop);
        }
    }

    /// <summary>Keeps the processes running until told to stop, or, without restarts, until all have ended.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(_children.Keys.Select(name => KeepAsync(name, stop)));

    /// <summary>Stops all at once: whoever is late is killed.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_children.Values.Select(async child =>
        {
            if (!await child.StopAsync(grace))
                tell($"{child.Spec.Name} did not stop within {Words.Duration(grace.TotalSeconds)} and was killed.");
            child.Dispose();
        }));
        _children.Clear();
    }

    private async Task KeepAsync(string name, CancellationToken stop)
    {
        var ends = 0;
        while (true)
        {
            var child = _children[name];
            var exitCode = await child.Exited.WaitAsync(stop);
            if (!restart)
            {
                tell($"{name} ended with exit code {exitCode}. Its log: {child.Spec.LogFile}");
                return;
            }
            (ends, var pause) = RestartPolicy.Decide(ends, child.Age);
            tell($"{name} ended with exit code {exitCode}; starting it again in {Words.Duration(pause.TotalSeconds)}. Its log: {child.Spec.LogFile}");
            await Task.Delay(pause, stop);
            child.Dispose();
            Start(child.Spec);
        }
    }

    private static CliException Failure(string message, string logFile) =>
        new($"{message}{Environment.NewLine}The end of {logFile}:{Environment.NewLine}{LogFile.Tail(logFile)}");
}
