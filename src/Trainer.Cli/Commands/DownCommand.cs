using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Home;
using Trainer.Cli.Local;
using Trainer.Cli.Output;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Commands;

/// <summary>trainer down</summary>
internal static class DownCommand
{
    public static Command Create(Shell shell)
    {
        var runFolder = new Option<string?>("--run-folder") { Description = "The cluster's run folder. Default: run/ in $TRAINER_HOME.", HelpName = "FOLDER" };
        var command = new TrainerCommand("down", "Stops the cluster on this machine. Jobs and results stay; jobs that run are suspended, and the next 'trainer up' resumes them.")
        {
            Examples = ["trainer down"],
            Options = { runFolder },
        };
        command.SetAction(async (parsed, stop) =>
        {
            var path = Path.GetFullPath(parsed.GetValue(runFolder) ?? LocalFolders.Of(shell.Environment).Run);
            var since = TimeProvider.System.GetTimestamp();
            await TellOfJobsAsync(path, Printer.Of(parsed, shell), stop);
            var stopped = await StopAsync(path, stop);
            var seconds = TimeProvider.System.GetElapsedTime(since).TotalSeconds;
            Printer.Of(parsed, shell).Say(
                () => new JsonObject { ["stopped"] = new JsonArray([.. stopped.Select(name => JsonValue.Create(name))]), ["seconds"] = Math.Round(seconds, 3) },
                () => stopped.Count > 0 ? $"Stopped {string.Join(", ", stopped)} in {Words.Duration(seconds)}." : $"Nothing is running (run folder {path}).");
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task TellOfJobsAsync(string path, Printer printer, CancellationToken stop)
    {
        var address = new ClusterAddress(null, null, path);
        if (address is { IsSupervised: true, HasCoordinator: false })
        {
            printer.Tell($"The coordinator is not there. For up to {Words.Duration(ClusterAddress.RestartsWithin.TotalSeconds)} the supervisor waits for it, to suspend the jobs that run.");
            return;
        }

        try
        {
            using var client = await ClusterClient.OpenAsync(address, stop);
            foreach (var job in await ParkedJobs.FindAsync(client, stop))
            {
                printer.Tell($"{job.Spec.Name} ({job.Id}) is running: it is suspended, and the next 'trainer up' resumes it.");
            }
        }
        catch (CliException)
        {
            // Nobody answers, so nobody can be told of.
        }
    }

    /// <returns>The names of what was running.</returns>
    private static async Task<IReadOnlyList<string>> StopAsync(string path, CancellationToken stop)
    {
        var stopped = await Leftovers.ClearAsync(path, LocalCluster.Grace, ParkedJobs.Within, stop);
        if (!stopped.Contains(Leftovers.Supervisor) && RunFolder.TryOpen(path) is { } run)
        {
            (SupervisorClaim.TryTake(run) ?? throw LocalCluster.AlreadyRunning(run)).Dispose(); // And with it goes what a killed one left.
        }

        return stopped;
    }
}
