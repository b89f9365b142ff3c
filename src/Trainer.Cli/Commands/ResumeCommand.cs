using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer resume ID</summary>
internal static class ResumeCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var command = new TrainerCommand("resume", "Goes on with a suspended job, from its last checkpoint.")
        {
            Examples = ["trainer resume 6ed2ujta4p"],
            Arguments = { id },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var request = new ResumeJobRequest { Id = parsed.GetValue(id) };
            var job = await client.CallAsync((cluster, options) => cluster.Jobs.ResumeJobAsync(request, options), stop);
            Printer.Of(parsed, shell).Say(() => ProtoJson.ToJson(job), () => JobText.State(job));
            return ExitCode.Ok;
        });
        return command;
    }
}
