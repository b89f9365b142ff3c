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
            var (networks, torchvision) = (Counted(Zoo.Entries), Counted(Zoo.Torchvision));
            Printer.Of(parsed, shell).Print(
                () => new JsonObject
                {
                    ["models"] = new JsonArray([.. networks.Select(network => Json(network.Entry, network.Parameters))]),
                    ["torchvision"] = new JsonArray([.. torchvision.Select(network => Torchvision(network.Entry, network.Parameters))]),
                },
                () => $"""
                    {Table(networks, shell.Width)}

                    {Paragraph.Wrap("With variant: torchvision, as torchvision.models has them (training.init.weights takes its weights):", shell.Width)}

                    {Table(torchvision, shell.Width)}
                    """);
            return ExitCode.Ok;
        });
        return command;
    }

    private static List<(ZooEntry Entry, long Parameters)> Counted(IEnumerable<ZooEntry> entries) =>
        [.. entries.Select(entry => (entry, entry.Create(entry.Input, Classes, ZooOptions.Default).Parameters))];

    private static string Table(IEnumerable<(ZooEntry Entry, long Parameters)> networks, int? width)
    {
        var table = new TextTable("NAME", "PARAMETERS", "INPUT", new("WHAT", Wraps: true));
        foreach (var (entry, parameters) in networks)
        {
            table.Row(entry.Name, parameters.ToString("#,0"), ModelText.Sizes(entry.Input), entry.Description);
        }

        return table.Render(width);
    }

    private static JsonNode Torchvision(ZooEntry entry, long parameters)
    {
        var (json, (mean, std)) = (Json(entry, parameters), Zoo.NormalizationOf(entry.Name));
        json["normalize"] = new JsonObject { ["mean"] = new JsonArray([.. mean.Select(value => (JsonNode?)value)]), ["std"] = new JsonArray([.. std.Select(value => (JsonNode?)value)]) };
        return json;
    }

    private static JsonNode Json(ZooEntry entry, long parameters) => new JsonObject
    {
        ["name"] = entry.Name,
        ["parameters"] = parameters,
        ["input"] = ModelText.Dimensions(entry.Input),
        ["description"] = entry.Description,
    };
}
