using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Cli.Reports;
using Trainer.Dashboard;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer report ID --to FILE</summary>
internal static class ReportCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var to = new Option<string?>("--to") { Description = "The file to write. Default: trainer-report-ID.html here.", HelpName = "FILE" };
        var force = new Option<bool>("--force") { Description = "Replace a file that is there." };
        var command = new TrainerCommand("report", "Writes a job's page of the dashboard, with all its curves, as one file that any browser opens without a network.")
        {
            Examples = ["trainer report 6ed2ujta4p", "trainer report 6ed2ujta4p --to report.html --force"],
            Arguments = { id },
            Options = { to, force },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var wanted = parsed.GetValue(id)!;
            var file = Path.GetFullPath(parsed.GetValue(to) ?? $"trainer-report-{wanted}.html");
            NewFile.RequirePlace(file, parsed.GetValue(force), "give another file with --to");
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var job = await client.CallAsync((cluster, options) => cluster.Jobs.GetJobAsync(new GetJobRequest { Id = wanted }, options), stop);
            var record = await RecordedJob.ReadAsync(client, job, TimeProvider.System.GetUtcNow(), stop);
            NewFile.Write(file, stream => stream.Write(Encoding.UTF8.GetBytes(ReportPage.Compose($"{job.Spec.Name} {job.Id} - Trainer", ProtoJson.Line(record)))));
            Printer.Of(parsed, shell).Say(
                () => new JsonObject { ["file"] = file, ["bytes"] = new FileInfo(file).Length },
                () => $"{file} ({Words.Bytes(new FileInfo(file).Length)})");
            return ExitCode.Ok;
        });
        return command;
    }
}
