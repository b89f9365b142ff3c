using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer delete ID</summary>
internal static class DeleteCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var (id, yes) = (JobId.Argument(), Confirmation.Option());
        var command = new TrainerCommand("delete", "Forgets a job that has ended, with its log and all its files.")
        {
            Examples = ["trainer delete 6ed2ujta4p", "trainer delete 6ed2ujta4p --yes"],
            Arguments = { id },
            Options = { yes },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var get = new GetJobRequest { Id = parsed.GetValue(id) };
            var job = await client.CallAsync((cluster, options) => cluster.Jobs.GetJobAsync(get, options), stop);
            Confirmation.Require(parsed.GetValue(yes), shell, $"Job {job.Spec.Name} ({job.Id}), its log and its files are about to be deleted.");
            var request = new DeleteJobRequest { Id = job.Id, Etag = job.Etag };
            await client.CallAsync((cluster, options) => cluster.Jobs.DeleteJobAsync(request, options), stop);
            Printer.Of(parsed, shell).Say(() => new JsonObject { ["id"] = job.Id, ["deleted"] = true }, () => $"{job.Spec.Name} ({job.Id}) is deleted.");
            return ExitCode.Ok;
        });
        return command;
    }
}
