using System.Collections.Concurrent;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Node;

namespace Trainer.Cli.Local;

/// <summary>Starts processes, waits until they are ready, restarts those that end or never come up (but for a worker that computes wrong bits), and stops them all.</summary>
/// <param name="restart">Whether a process that ends is started again.</param>
/// <param name="isUp">Whether a process has told the others where it is; asked until it has.</param>
/// <param name="tell">Told in a sentence whenever something happens to a process.</param>
/// <param name="grace">How long a process may take to stop before it is killed.</param>
internal sealed class Supervisor(bool restart, Func<ChildProcess, bool> isUp, Action<string> tell, TimeSpan grace) : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LookUp = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, ChildProcess> _children = new(StringComparer.Ordinal);

    /// <summary>How long a process may take to come up: long enough for a machine that is busy with other things.</summary>
    public TimeSpan UpWithin { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Waits out the pause before a process is started again.</summary>
    public Func<TimeSpan, CancellationToken, Task> Pause { get; init; } = Task.Delay;

    /// <summary>Tells who was killed for want of memory.</summary>
    public MemoryKills MemoryKills { get; init; } = MemoryKills.OfThisMachine();

    public void Start(ChildSpec spec) => Start(spec, lastEnd: "");

    /// <summary>Waits for a condition of the start; a process that ends meanwhile, or too long a time, is an error with the tail of a log.</summary>
    /// <param name="what">What is waited for: "the coordinator".</param>
    /// <param name="slow">The process whose log tells more when time runs out.</param>
    public async Task UntilAsync(Func<Task<bool>> condition, string what, string slow, TimeSpan patience, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (_children.Values.FirstOrDefault(child => child.Exited.IsCompleted) is { } dead)
            {
                throw Failure($"{dead.Spec.Name} ended with exit code {await dead.Exited} while starting.", dead.Spec.LogFile);
            }

            if (TimeProvider.System.GetElapsedTime(since) > patience)
            {
                throw Failure($"{what} did not get ready within {Words.Duration(patience.TotalSeconds)}.", _children[slow].Spec.LogFile);
            }

            await Task.Delay(Poll, stop);
        }
    }

    /// <summary>Keeps the processes running until told to stop, or, without restarts, until all have ended.</summary>
    /// <param name="essential">The process without which the others are of no use.</param>
    /// <exception cref="CliException">The essential process does not come up.</exception>
    public async Task RunAsync(string essential, CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var keeping = _children.Keys.Select(name => KeepAsync(name, name == essential, end.Token)).ToList();
        try
        {
            for (var left = keeping.ToList(); left.Count > 0;)
            {
                var ended = await Task.WhenAny(left);
                await ended;
                left.Remove(ended);
            }
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(keeping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // None of them starts anything any more.
        }
    }

    /// <summary>Stops all at once: whoever is late is killed.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_children.Values.Select(async child =>
        {
            if (!await child.StopAsync(grace))
            {
                tell($"{child.Spec.Name} did not stop within {Words.Duration(grace.TotalSeconds)} and was killed.");
            }

            child.Dispose();
        }));
        _children.Clear();
    }

    private async Task KeepAsync(string name, bool isEssential, CancellationToken stop)
    {
        var policy = default(RestartPolicy);
        while (true)
        {
            var child = _children[name];
            var cameUp = await ComesUpAsync(child, stop);
            int? code = cameUp || child.Exited.IsCompleted ? await child.Exited.WaitAsync(stop) : null;
            var end = MemoryKills.Explains(code) ? "was killed by the kernel, since memory ran out" : code is { } ended ? $"ended with exit code {ended}" : $"did not come up within {Words.Duration(UpWithin.TotalSeconds)}";
            if (!child.Exited.IsCompleted)
            {
                await child.StopAsync(grace);
            }

            if (!restart || code == NodeHost.WrongBits)
            {
                tell($"{name} {end}. Its log: {child.Spec.LogFile}");
                return;
            }

            policy = policy.After(child.Age, cameUp, code);
            if (policy.GivesUp)
            {
                var failure = Failure($"{name} {end}. It did not come up {policy.NotUp} times in a row and is not started again.", child.Spec.LogFile);
                if (isEssential)
                {
                    throw failure;
                }

                tell(failure.Message);
                return;
            }
            tell($"{name} {end}; starting it again in {Words.Duration(policy.Pause.TotalSeconds)}. Its log: {child.Spec.LogFile}");
            await Pause(policy.Pause, stop);
            child.Dispose();
            Start(child.Spec, end);
        }
    }

    private void Start(ChildSpec spec, string lastEnd) => _children[spec.Name] = ChildProcess.Start(spec, lastEnd);

    /// <summary>False when it ended before, or took too long.</summary>
    private async Task<bool> ComesUpAsync(ChildProcess child, CancellationToken stop)
    {
        while (!isUp(child))
        {
            if (child.Exited.IsCompleted || child.Age > UpWithin)
            {
                return false;
            }

            await Task.WhenAny(child.Exited, Task.Delay(LookUp, stop));
            stop.ThrowIfCancellationRequested();
        }
        return true;
    }

    private static CliException Failure(string message, string logFile) =>
        new($"{message}{Environment.NewLine}The end of {logFile}:{Environment.NewLine}{LogFile.Tail(logFile)}");
}
