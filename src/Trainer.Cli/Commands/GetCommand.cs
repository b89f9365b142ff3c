using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer get ID</summary>
internal static class GetCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var command = new TrainerCommand("get", "Shows a job: its state, how far it is, where its result is.")
        {
            Examples = ["trainer get 6ed2ujta4p", "trainer get 6ed2ujta4p --output json | jq .result"],
            Arguments = { id },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var request = new GetJobRequest { Id = parsed.GetValue(id) };
            var job = await client.CallAsync((cluster, options) => cluster.Jobs.GetJobAsync(request, options), stop);
            Printer.Of(parsed, shell).Print(() => ProtoJson.ToJson(job), () => JobText.Details(job, TimeProvider.System.GetUtcNow(), shell.Width));
            return ExitCode.Ok;
        });
        return command;
    }
}
