using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
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
        var source = new Option<string>("--source") { Description = "Only entries of the job itself (job) or of this worker.", HelpName = "WORKER", DefaultValueFactory = _ => "" };
        var since = new Option<DateTimeOffset?>("--since") { Description = "Only what was said later: 2026-01-31T12:00:00Z.", HelpName = "TIME" };
        var level = new Option<LogSeverity>("--level")
        {
            Description = "Only entries of this level and of graver ones: info, warn, error.",
            HelpName = "LEVEL",
            CustomParser = given =>
            {
                if (given.Tokens[0].Value is "info" or "warn" or "error" && System.Enum.TryParse<LogSeverity>(given.Tokens[0].Value, ignoreCase: true, out var wanted))
                {
                    return wanted;
                }

                given.AddError($"--level: expected info, warn or error, got '{given.Tokens[0].Value}'.");
                return default;
            },
        };
        var command = new TrainerCommand("logs", "Shows what a job and its workers had to say.")
        {
            Examples = ["trainer logs 6ed2ujta4p", "trainer logs 6ed2ujta4p --follow", "trainer logs 6ed2ujta4p --level warn", "trainer logs 6ed2ujta4p --source worker-1 --since 2026-01-31T12:00:00Z"],
            Arguments = { id },
            Options = { follow, source, since, level },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var request = new StreamLogsRequest
            {
                Id = parsed.GetValue(id),
                Follow = parsed.GetValue(follow),
                Source = parsed.GetValue(source),
                Level = parsed.GetValue(level),
                Since = parsed.GetValue(since)?.ToTimestamp(),
            };
            await PrintAsync(Printer.Of(parsed, shell), connection.Read(parsed, shell), request, stop);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task PrintAsync(Printer printer, ClusterAddress address, StreamLogsRequest request, CancellationToken stop)
    {
        var entries = new ReconnectingStream<LogEntry>(
            address,
            (client, options) => client.Jobs.StreamLogs(request, options),
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
            request.AfterSequence = entry.Sequence;
        }
    }
}
