using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer worker drain NAME</summary>
internal static class WorkerCommand
{
    public static Command Create(Shell shell) => new TrainerCommand("worker", "Takes workers out of use, and back.") { Subcommands = { CreateDrain(shell) } };

    private static TrainerCommand CreateDrain(Shell shell)
    {
        var connection = new ConnectionOptions();
        var name = new Argument<string>("NAME") { Description = "A worker that 'trainer workers' lists." };
        var undo = new Option<bool>("--undo") { Description = "It may take jobs again." };
        var command = new TrainerCommand("drain", "Lets a worker leave its job after a step, with nothing lost, and take no other until it is started anew.")
        {
            Examples = ["trainer worker drain worker-1", "trainer worker drain worker-1 --undo"],
            Arguments = { name },
            Options = { undo },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var request = new DrainWorkerRequest { Name = parsed.GetValue(name), Undo = parsed.GetValue(undo) };
            await client.CallAsync((cluster, options) => cluster.Workers.DrainWorkerAsync(request, options), stop);
            Printer.Of(parsed, shell).Say(
                () => new JsonObject { ["name"] = request.Name, ["draining"] = !request.Undo },
                () => request.Undo ? $"Worker {request.Name} may take jobs again." : $"Worker {request.Name} leaves its job and takes no other; see it with: trainer workers");
            return ExitCode.Ok;
        });
        return command;
    }
}
