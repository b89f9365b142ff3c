using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Follow;
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
        var wait = new Option<bool>("--wait") { Description = "Wait until the job has ended. Exit code 1 if it ended otherwise before it could be cancelled." };
        var command = new TrainerCommand("cancel", "Stops a job for good.")
        {
            Examples = ["trainer cancel 6ed2ujta4p"],
            Arguments = { id },
            Options = { wait },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var (address, printer) = (connection.Read(parsed, shell), Printer.Of(parsed, shell));
            using var client = await ClusterClient.OpenAsync(address, stop);
            var request = new CancelJobRequest { Id = parsed.GetValue(id) };
            var job = await client.CallAsync((cluster, options) => cluster.Jobs.CancelJobAsync(request, options), stop);
            if (parsed.GetValue(wait))
            {
                job = await Following.EndOfAsync(printer, address, job.Id, stop);
            }

            printer.Say(() => ProtoJson.ToJson(job), () => JobText.State(job));
            return parsed.GetValue(wait) && job.State != JobState.Cancelled ? ExitCode.Failed : ExitCode.Ok;
        });
        return command;
    }
}
