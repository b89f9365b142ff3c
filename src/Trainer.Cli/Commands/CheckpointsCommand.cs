using System.CommandLine;
using System.Globalization;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Models;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Cli.Api;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer checkpoints ID</summary>
internal static class CheckpointsCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var command = new TrainerCommand("checkpoints", "Lists the states of a job's training that can be had: export, evaluate, predict and download take them with --checkpoint.")
        {
            Examples = ["trainer checkpoints 6ed2ujta4p", "trainer checkpoints 6ed2ujta4p --output json | jq .step", "trainer export 6ed2ujta4p --checkpoint best --to best.onnx"],
            Arguments = { id },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var checkpoints = await CheckpointModel.ListAsync(connection.Read(parsed, shell), parsed.GetValue(id)!, stop);
            var printer = Printer.Of(parsed, shell);
            if (!printer.Json)
            {
                shell.Out.WriteLine(checkpoints.Count > 0 ? Table(checkpoints, shell.Width) : "This job has no checkpoint yet.");
                return ExitCode.Ok;
            }

            foreach (var checkpoint in checkpoints)
            {
                shell.Out.WriteLine(ProtoJson.Line(ProtoJson.ToJson(checkpoint)));
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static string Table(IReadOnlyList<CheckpointSummary> checkpoints, int? width)
    {
        var table = new TextTable("STEP", "EPOCHS", "TEST LOSS", "TEST", "", new Column("PINNED BY", Rank: 4), new Column("SIZE", Rank: 1), new Column("WRITTEN", Rank: 2), new Column("CHECKPOINT", Rank: 3));
        foreach (var checkpoint in checkpoints)
        {
            table.Row(
                checkpoint.Step.ToString(CultureInfo.InvariantCulture),
                checkpoint.Epochs.ToString(CultureInfo.InvariantCulture),
                checkpoint.HasTestLoss ? checkpoint.TestLoss.ToString("0.0000", CultureInfo.InvariantCulture) : "",
                checkpoint.HasTestAccuracy ? Words.Percent(checkpoint.TestAccuracy) : "",
                checkpoint.Best ? "best" : "",
                string.Join(", ", checkpoint.PinnedBy),
                Words.Bytes((long)checkpoint.Bytes),
                checkpoint.CreateTime is { } time ? time.ToDateTimeOffset().ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : "",
                checkpoint.Id);
        }

        return table.Render(width);
    }
}
