using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer worker describe|drain|clear|adopt|release NAME</summary>
internal static class WorkerCommand
{
    public static Command Create(Shell shell) => new TrainerCommand("worker", "Takes workers out of use, and back; settles what a lost store left behind.")
    {
        Subcommands = { CreateDescribe(shell), CreateDrain(shell), CreateClear(shell), CreateAdopt(shell), CreateRelease(shell) },
    };

    private static TrainerCommand CreateDescribe(Shell shell)
    {
        var connection = new ConnectionOptions();
        var name = Name();
        var command = new TrainerCommand("describe", "Shows a worker: its device, whom it serves, where it is.")
        {
            Examples = ["trainer worker describe worker-1"],
            Arguments = { name },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var request = new GetWorkerRequest { Name = parsed.GetValue(name) };
            var worker = await client.CallAsync((cluster, options) => cluster.Workers.GetWorkerAsync(request, options), stop);
            Printer.Of(parsed, shell).Print(() => ProtoJson.ToJson(worker), () => Facts.Render(Describe(worker), shell.Width));
            return ExitCode.Ok;
        });
        return command;
    }

    private static IEnumerable<(string Name, string Value)> Describe(Worker worker) =>
    [
        ("name", worker.Name),
        ("serves", WorkerText.Serves(worker)),
        ("device", $"{worker.Device} ({worker.DeviceKind})"),
        ("numerics", worker.Numerics),
        ("node", worker.Node),
        ("machine", worker.Machine),
        ("seen", $"{Words.Duration(worker.LastSeenSeconds)} ago"),
    ];

    private static TrainerCommand CreateDrain(Shell shell)
    {
        var connection = new ConnectionOptions();
        var name = Name();
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
            var (worker, back) = (parsed.GetValue(name), parsed.GetValue(undo));
            if (back)
            {
                await client.CallAsync((cluster, options) => cluster.Workers.UndrainWorkerAsync(new UndrainWorkerRequest { Name = worker }, options), stop);
            }
            else
            {
                await client.CallAsync((cluster, options) => cluster.Workers.DrainWorkerAsync(new DrainWorkerRequest { Name = worker }, options), stop);
            }

            Printer.Of(parsed, shell).Say(
                () => new JsonObject { ["name"] = worker, ["draining"] = !back },
                () => back ? $"Worker {worker} may take jobs again." : $"Worker {worker} leaves its job and takes no other; see it with: trainer workers");
            return ExitCode.Ok;
        });
        return command;
    }

    private static TrainerCommand CreateClear(Shell shell)
    {
        var connection = new ConnectionOptions();
        var name = new Argument<string>("MACHINE|WORKER") { Description = "What 'trainer workers' shows to be in quarantine." };
        var device = new Option<string>("--device") { Description = "Only this device of the machine: cpu, cuda:0 ..." };
        var command = new TrainerCommand("clear", "Takes a machine out of quarantine: its memory has been tested, or replaced.")
        {
            Examples = ["trainer worker clear worker-1", "trainer worker clear 5f0c33a1b29e44d7 --device cuda:0"],
            Arguments = { name },
            Options = { device },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var request = new ClearWorkerRequest { Name = parsed.GetValue(name), Device = parsed.GetValue(device) ?? "" };
            var response = await client.CallAsync((cluster, options) => cluster.Workers.ClearWorkerAsync(request, options), stop);
            Printer.Of(parsed, shell).Say(
                () => new JsonObject { ["cleared"] = new JsonArray([.. response.Cleared.Select(ProtoJson.ToJson)]) },
                () => string.Join('\n', response.Cleared.Select(entry => $"{QuarantineText.Place(entry)} may be granted to jobs again.")));
            return ExitCode.Ok;
        });
        return command;
    }

    private static TrainerCommand CreateAdopt(Shell shell)
    {
        var connection = new ConnectionOptions();
        var name = Name();
        var command = new TrainerCommand("adopt", "Takes the job of an orphaned worker into the store: it goes on from what its workers hold.")
        {
            Examples = ["trainer worker adopt worker-1"],
            Arguments = { name },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var request = new AdoptWorkerRequest { Name = parsed.GetValue(name) };
            var job = await client.CallAsync((cluster, options) => cluster.Workers.AdoptWorkerAsync(request, options), stop);
            Printer.Of(parsed, shell).Say(() => ProtoJson.ToJson(job), () => $"{JobText.State(job)}{Environment.NewLine}Follow it with: trainer watch {job.Id}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static TrainerCommand CreateRelease(Shell shell)
    {
        var connection = new ConnectionOptions();
        var name = Name();
        var command = new TrainerCommand("release", "Frees an orphaned worker. What it holds of its job is lost.")
        {
            Examples = ["trainer worker release worker-1"],
            Arguments = { name },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var request = new ReleaseWorkerRequest { Name = parsed.GetValue(name) };
            await client.CallAsync((cluster, options) => cluster.Workers.ReleaseWorkerAsync(request, options), stop);
            Printer.Of(parsed, shell).Say(
                () => new JsonObject { ["name"] = request.Name, ["released"] = true },
                () => $"Worker {request.Name} drops what it holds of its job; see it with: trainer workers");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Argument<string> Name() => new("NAME") { Description = "A worker that 'trainer workers' lists." };
}
