using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Follow;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer logs ID [--follow]</summary>
internal static class LogsCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until the job has ended." };
        var command = new TrainerCommand("logs", "Shows what a job and its workers had to say.")
        {
            Examples = ["trainer logs 6ed2ujta4p", "trainer logs 6ed2ujta4p --follow"],
            Arguments = { id },
            Options = { follow },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            await PrintAsync(Printer.Of(parsed, shell), connection.Read(parsed, shell), parsed.GetValue(id)!, parsed.GetValue(follow), stop);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task PrintAsync(Printer printer, ClusterAddress address, string id, bool follow, CancellationToken stop)
    {
        long printed = 0;
        var entries = new ReconnectingStream<LogEntry>(
            address,
            (client, options) => client.Jobs.StreamLogs(new StreamLogsRequest { Id = id, Follow = follow, AfterSequence = printed }, options),
            complete: () => true,
            TimeSpan.FromMinutes(1));
        await foreach (var (entry, notice) in entries.ReadAsync(stop))
        {
            if (notice is not null)
            {
                printer.Warn(notice);
            }

            if (entry is null)
            {
                continue;
            }

            printer.Print(() => ProtoJson.ToJson(entry), () => $"{entry.Time.ToDateTimeOffset():HH:mm:ss.fff}  {entry.Source,-11}  {entry.Message}");
            printed = entry.Sequence;
        }
    }
}
