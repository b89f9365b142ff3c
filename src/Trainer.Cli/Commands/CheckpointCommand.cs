using System.CommandLine;
using Grpc.Core;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer checkpoint pin|unpin ID STEP</summary>
internal static class CheckpointCommand
{
    public static Command Create(Shell shell) => new TrainerCommand("checkpoint", "Keeps checkpoints of a job, and lets them go.")
    {
        Subcommands =
        {
            Create(shell, "pin", "Keeps a checkpoint of a job until it is unpinned or the job is deleted.", "stays",
                (cluster, job, checkpoint, options) => cluster.Jobs.PinCheckpointAsync(new PinCheckpointRequest { Id = job, Checkpoint = checkpoint }, options)),
            Create(shell, "unpin", "Lets a checkpoint that was pinned go as others do. One that another job starts from stays.", "may go",
                (cluster, job, checkpoint, options) => cluster.Jobs.UnpinCheckpointAsync(new UnpinCheckpointRequest { Id = job, Checkpoint = checkpoint }, options)),
        },
    };

    private static TrainerCommand Create(
        Shell shell, string verb, string description, string outcome, Func<ClusterClient, string, string, CallOptions, AsyncUnaryCall<CheckpointSummary>> call)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var step = new Argument<string>("STEP") { Description = "best, last, or the number of a step, as 'trainer checkpoints ID' lists them." };
        var command = new TrainerCommand(verb, description)
        {
            Examples = [$"trainer checkpoint {verb} 6ed2ujta4p 470"],
            Arguments = { id, step },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var (job, wanted) = (parsed.GetValue(id)!, parsed.GetValue(step)!);
            var checkpoint = await client.CallAsync((cluster, options) => call(cluster, job, wanted, options), stop);
            Printer.Of(parsed, shell).Say(() => ProtoJson.ToJson(checkpoint), () => $"The checkpoint of step {checkpoint.Step} of job {job} {outcome}{Holders(checkpoint)}.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static string Holders(CheckpointSummary checkpoint) => checkpoint.PinnedBy.Count == 0 ? "" : $" (pinned by {string.Join(", ", checkpoint.PinnedBy)})";
}
