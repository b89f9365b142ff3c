using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Data;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Output;

namespace Trainer.Cli.Commands;

/// <summary>trainer data import PATH --to FILE</summary>
internal static class DataImportCommand
{
    public static Command Create(Shell shell)
    {
        var path = new Argument<string>("PATH") { Description = DataPlace.Description };
        var to = new Option<string>("--to") { Description = "The file to write.", HelpName = "FILE", Required = true };
        var force = new Option<bool>("--force") { Description = "Replace a file that is there." };
        var command = new TrainerCommand("import", "Packs a data set into one file with an index, which a job names as data.packed: pictures as they are, labels, names of classes, and the SHA-256 of each.")
        {
            Examples = ["trainer data import ~/pictures --to pictures.tar", "trainer data import my-job.yaml --to digits.tar --output json | jq -r .sha256"],
            Arguments = { path },
            Options = { to, force },
        };
        command.SetAction((parsed, stop) =>
        {
            var place = Path.GetFullPath(parsed.GetValue(to)!);
            NewFile.RequirePlace(place, parsed.GetValue(force), "give another file with --to");
            var pack = PackPlace.Write(parsed.GetValue(path)!, place, stop);
            Printer.Of(parsed, shell).Say(
                () => new JsonObject
                {
                    ["file"] = pack.File,
                    ["bytes"] = pack.Bytes,
                    ["sha256"] = pack.Sha256,
                    ["train_samples"] = pack.Facts.TrainSamples,
                    ["test_samples"] = pack.Facts.TestSamples,
                    ["classes"] = new JsonArray([.. pack.Facts.ClassNames.Select(name => (JsonNode?)name)]),
                },
                () => $"{pack.File} has {DataPushCommand.Samples(pack.Facts.TrainSamples, pack.Facts.TestSamples)} ({Words.Bytes(pack.Bytes)}, SHA-256 {pack.Sha256}).");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }
}
