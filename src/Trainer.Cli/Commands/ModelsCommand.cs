using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Output;
using Trainer.Kernels.Models;

namespace Trainer.Cli.Commands;

/// <summary>trainer models</summary>
internal static class ModelsCommand
{
    private const int Classes = 10;

    public static Command Create(Shell shell)
    {
        var command = new TrainerCommand("models", "Lists the networks that a job file can name, as they are for 10 classes.")
        {
            Examples = ["trainer models", "trainer models --output json | jq -r '.models[].name'"],
        };
        command.SetAction(parsed =>
        {
            var networks = Zoo.Entries.Select(entry => (Entry: entry, entry.Create(entry.Input, Classes, ZooOptions.Default).Parameters)).ToList();
            Printer.Of(parsed, shell).Print(
                () => new JsonObject { ["models"] = new JsonArray([.. networks.Select(network => Json(network.Entry, network.Parameters))]) },
                () => Table(networks, shell.Width));
            return ExitCode.Ok;
        });
        return command;
    }

    private static string Table(IEnumerable<(ZooEntry Entry, long Parameters)> networks, int? width)
    {
        var table = new TextTable("NAME", "PARAMETERS", "INPUT", new("WHAT", Wraps: true));
        foreach (var (entry, parameters) in networks)
        {
            table.Row(entry.Name, parameters.ToString("#,0"), ModelText.Sizes(entry.Input), entry.Description);
        }

        return table.Render(width);
    }

    private static JsonNode Json(ZooEntry entry, long parameters) => new JsonObject
    {
        ["name"] = entry.Name,
        ["parameters"] = parameters,
        ["input"] = ModelText.Dimensions(entry.Input),
        ["description"] = entry.Description,
    };
}
