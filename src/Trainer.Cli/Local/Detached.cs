using System.Diagnostics;
using Trainer.Cli.Errors;
using Trainer.Cli.Home;
using Trainer.Cli.Output;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Local;

/// <summary>A supervisor in a session of its own, which outlives the terminal that started it.</summary>
internal static class Detached
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Starts the supervisor and returns once the cluster is ready, or has said why it is not.</summary>
    public static async Task<int> StartAsync(LocalClusterOptions options, Printer printer, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        PrivateFiles.ForWholeProcess();
        LocalCluster.RefuseDeletedRunFolder(options.Folders.Run);
        options.Folders.MakePrivate();
        var run = RunFolder.OpenOrCreate(options.Folders.Run);
        if (LocalClusterRecord.Find(run) is not null)
        {
            throw LocalCluster.AlreadyRunning(run);
        }

        var log = LogFile.Fresh(options.Folders.Logs, "up");
        using var supervisor = Process.Start(LogFile.Redirect(log, Executable.Path, arguments))!;
        supervisor.StandardInput.Close(); // it must not hold on to the terminal
        var identity = ProcessIdentity.Of(supervisor.Id);
        try
        {
            while (!supervisor.HasExited)
            {
                if (LocalClusterRecord.Find(run) is { Ready: true } record && record.ProcessId == supervisor.Id)
                {
                    ReadyText.Print(printer, run, record);
                    return ExitCode.Ok;
                }
                await Task.Delay(Poll, stop);
            }
        }
        catch (OperationCanceledException)
        {
            if (identity is { } running && Posix.Terminate(running))
            {
                await supervisor.WaitForExitAsync(CancellationToken.None);
            }

            throw;
        }
        throw new CliException($"The cluster did not start.{Environment.NewLine}{File.ReadAllText(log).Trim()}");
    }
}
