using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer workers</summary>
internal static class WorkersCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var command = new TrainerCommand("workers", "Lists the workers and whom they serve.")
        {
            Examples = ["trainer workers", "trainer workers --output json | jq '.workers | length'"],
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var response = await client.CallAsync((cluster, options) => cluster.Workers.ListWorkersAsync(new ListWorkersRequest(), options), stop);
            Printer.Of(parsed, shell).Print(
                () => new JsonObject
                {
                    ["workers"] = new JsonArray([.. response.Workers.Select(ProtoJson.ToJson)]),
                    ["quarantines"] = new JsonArray([.. response.Quarantines.Select(ProtoJson.ToJson)]),
                },
                () => (response.Workers.Count > 0 ? Table(response.Workers, shell.Width) : "No workers.") + QuarantineText.Lines(response.Quarantines));
            return ExitCode.Ok;
        });
        return command;
    }

    internal static string Table(IEnumerable<Worker> workers, int? width)
    {
        var table = new TextTable(
            "NAME", new("NODE", Rank: 2), "KIND", new("DEVICE", Rank: 1, Wraps: true), new("THREADS", Rank: 3), "JOB", new("SEEN", Rank: 4));
        foreach (var worker in workers.OrderBy(worker => worker.Name, StringComparer.Ordinal))
        {
            table.Row(worker.Name, worker.Node, worker.DeviceKind, WorkerText.Device(worker), worker.Threads.ToString(), WorkerText.Serves(worker),
                $"{Words.Duration(worker.LastSeenSeconds)} ago");
        }
        return table.Render(width);
    }
}
