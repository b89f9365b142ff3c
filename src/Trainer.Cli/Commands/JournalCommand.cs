using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer journal ID</summary>
internal static class JournalCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var command = new TrainerCommand("journal", "Shows who trained which steps of a job, and what each change of workers cost.")
        {
            Examples = ["trainer journal 6ed2ujta4p", "trainer journal 6ed2ujta4p --output json | jq .lost"],
            Arguments = { id },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var request = new GetJournalRequest { Id = parsed.GetValue(id) };
            var journal = await client.CallAsync((cluster, options) => cluster.Jobs.GetJournalAsync(request, options), stop);
            var printer = Printer.Of(parsed, shell);
            if (!printer.Json)
            {
                shell.Out.WriteLine(journal.Entries.Count > 0 ? JournalText.Table(journal.Entries, shell.Width) : "No worker has trained this job yet.");
                return ExitCode.Ok;
            }

            foreach (var entry in journal.Entries)
            {
                shell.Out.WriteLine(ProtoJson.Line(ProtoJson.ToJson(entry)));
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
