using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Models;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Kernels;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Cli.Commands;

/// <summary>trainer model describe NAME|FILE</summary>
internal static class ModelCommand
{
    public static Command Create(Shell shell) => new TrainerCommand("model", "Looks into models.") { Subcommands = { CreateDescribe(shell) } };

    private static TrainerCommand CreateDescribe(Shell shell)
    {
        var what = new Argument<string>("NAME|FILE") { Description = "A network that 'trainer models' lists, or a job file." };
        what.CompletionSources.Add([.. Zoo.Names]);
        var input = new Option<Shape?>("--input")
        {
            Description = "Channels, height and width of an image. Default: what the network was made for, or what the job's data gives.",
            HelpName = "C,H,W",
            CustomParser = ParseShape,
        };
        var classes = new Option<int?>("--classes") { Description = "Outputs of a named network. Default: 10, or what the job says.", HelpName = "N" };
        classes.Validators.Add(Numbers.AtLeast(1));
        var command = new TrainerCommand("describe", "Shows a model's layers and what they cost. Opens no device.")
        {
            Examples =
            [
                "trainer model describe googlenet",
                "trainer model describe vgg11 --input 3,64,64 --classes 100",
                "trainer model describe examples/lenet-layers.yaml --output json | jq .parameters",
            ],
            Arguments = { what },
            Options = { input, classes },
        };
        command.SetAction(parsed =>
        {
            var summary = ModelSummary.Of(ModelSource.Open(parsed.GetValue(what)!, parsed.GetValue(input), parsed.GetValue(classes)));
            Printer.Of(parsed, shell).Print(() => ModelText.Json(summary), () => ModelText.Table(summary, shell.Width));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Shape? ParseShape(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var parts = text.Split(',');
        var sizes = parts.Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : 0).ToArray();
        if (sizes.Length == 3 && sizes.All(size => size is > 0 and <= 65_536))
        {
            return new Shape(sizes);
        }

        result.AddError($"--input: expected C,H,W like 3,32,32, got '{text}'.");
        return null;
    }
}
