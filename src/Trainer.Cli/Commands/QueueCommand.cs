using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer queue</summary>
internal static class QueueCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var command = new TrainerCommand("queue", "Shows which jobs wait for workers, for which, and since when.")
        {
            Examples = ["trainer queue", "trainer queue --output json | jq -r '.entries[0].message'"],
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var queue = await client.CallAsync((cluster, options) => cluster.Jobs.GetQueueAsync(new GetQueueRequest(), options), stop);
            var now = client.ServerTime ?? TimeProvider.System.GetUtcNow();
            Printer.Of(parsed, shell).Print(() => ProtoJson.ToJson(queue), () => queue.Entries.Count > 0 ? Table(queue.Entries, now, shell.Width) : "No job waits.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static string Table(IEnumerable<QueueEntry> entries, DateTimeOffset now, int? width)
    {
        var table = new TextTable("ID", new("NAME", Rank: 2, Wraps: true), new("PRIORITY", Rank: 1), "WAITS", new("FOR", Wraps: true));
        foreach (var entry in entries)
        {
            table.Row(entry.Job, entry.Name, $"{entry.Priority}", Words.Duration((now - entry.WaitTime.ToDateTimeOffset()).TotalSeconds), entry.Message);
        }

        return table.Render(width);
    }
}
