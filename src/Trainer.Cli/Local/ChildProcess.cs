using System.Diagnostics;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Local;

/// <summary>What to run, and the file that its output is appended to.</summary>
internal sealed record ChildSpec(string Name, string Executable, IReadOnlyList<string> Arguments, string LogFile);

/// <summary>
/// A process that lives as long as we hold the pipe to its standard input (see <see cref="ParentPipe"/>). Closing the pipe asks it to stop.
/// Its output goes straight to a file, so that nothing has to be pumped and its last words are kept whatever happens here.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    /// <summary>The environment variable that tells a process that is started again how the one before it ended.</summary>
    public const string LastEnd = "TRAINER_LAST_END";

    private readonly Process _process;
    private readonly long _started = TimeProvider.System.GetTimestamp();

    private ChildProcess(ChildSpec spec, Process process)
    {
        Spec = spec;
        _process = process;
        Exited = WaitAsync(process);
    }

    public ChildSpec Spec { get; }

    public int ProcessId => _process.Id;

    /// <summary>The exit code, once it has ended.</summary>
    public Task<int> Exited { get; }

    public TimeSpan Age => TimeProvider.System.GetElapsedTime(_started);

    /// <param name="lastEnd">How the process before it ended, in words; empty: it is the first.</param>
    public static ChildProcess Start(ChildSpec spec, string lastEnd = "")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(spec.LogFile)!);
        var start = LogFile.Redirect(spec.LogFile, spec.Executable, spec.Arguments);
        start.Environment[LastEnd] = lastEnd;
        return new ChildProcess(spec, Process.Start(start)!);
    }

    /// <summary>Closes the pipe, waits, and kills what has not ended by then.</summary>
    /// <returns>False if it had to be killed.</returns>
    public async Task<bool> StopAsync(TimeSpan grace)
    {
        await _process.StandardInput.DisposeAsync();
        try
        {
            await Exited.WaitAsync(grace);
            return true;
        }
        catch (TimeoutException)
        {
            _process.Kill();
            await Exited;
            return false;
        }
    }

    public void Dispose() => _process.Dispose();

    private static async Task<int> WaitAsync(Process process)
    {
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
