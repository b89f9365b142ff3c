using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer cancel ID</summary>
internal static class CancelCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var command = new TrainerCommand("cancel", "Stops a job for good.")
        {
            Examples = ["trainer cancel lenet-fashion-mnist-3f2a"],
            Arguments = { id },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var request = new CancelJobRequest { Id = parsed.GetValue(id) };
            var job = await client.CallAsync((cluster, options) => cluster.Jobs.CancelJobAsync(request, options), stop);
            Printer.Of(parsed, shell).Print(() => ProtoJson.ToJson(job), () => JobText.State(job));
            return ExitCode.Ok;
        });
        return command;
    }
}
