using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Home;
using Trainer.Cli.Output;
using Trainer.Coordinator.Store;

namespace Trainer.Cli.Commands;

/// <summary>trainer backup --to FILE</summary>
internal static class BackupCommand
{
    public static Command Create(Shell shell)
    {
        var to = new Option<string>("--to") { Description = "The file to write.", HelpName = "FILE", Required = true };
        var store = new Option<string?>("--store") { Description = "The folder of the coordinator's store. Default: store/ in $TRAINER_HOME.", HelpName = "FOLDER" };
        var force = new Option<bool>("--force") { Description = "Replace a file that is there." };
        var command = new TrainerCommand("backup", "Copies the store of a coordinator on this machine, also while it works: jobs, journals and logs, as they are at one moment.")
        {
            Examples = ["trainer backup --to jobs.db", "trainer backup --store /data/store --to /backup/jobs.db --force"],
            Options = { to, store, force },
        };
        command.SetAction(parsed =>
        {
            var (file, folder) = (Path.GetFullPath(parsed.GetValue(to)!), Path.GetFullPath(parsed.GetValue(store) ?? LocalFolders.Of(shell.Environment).Store));
            NewFile.RequirePlace(file, parsed.GetValue(force), "give another file with --to");
            var copy = Write(folder, file);
            Printer.Of(parsed, shell).Say(
                () => new JsonObject { ["file"] = file, ["bytes"] = copy.Bytes, ["jobs"] = copy.Jobs },
                () => $"{file} ({Words.Bytes(copy.Bytes)}): {Words.Plural((int)copy.Jobs, "job")}.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static SqliteBackup Write(string folder, string file)
    {
        try
        {
            return SqliteBackup.Write(folder, file);
        }
        catch (StoreException e)
        {
            throw new CliException(e.Message, inner: e);
        }
    }
}
