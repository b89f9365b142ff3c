using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Output;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu;

namespace Trainer.Cli.Commands;

/// <summary>trainer devices</summary>
internal static class DevicesCommand
{
    public static Command Create(Shell shell)
    {
        var command = new TrainerCommand("devices", "Lists what this machine can compute on, and says of the rest why it cannot be used.")
        {
            Examples = ["trainer devices", "trainer devices --output json | jq '.devices[] | select(.usable) | .name'"],
        };
        command.SetAction(parsed =>
        {
            var devices = DeviceCatalog.List();
            Printer.Of(parsed, shell).Print(() => Json(devices), () => Text(devices, shell.Width));
            return ExitCode.Ok;
        });
        return command;
    }

    internal static string Text(IReadOnlyList<DeviceListing> devices, int? width)
    {
        var auto = Auto(devices);
        var table = new TextTable("NAME", new("DEVICE", Wraps: true), new("MEMORY", Rank: 1), new("NUMERICS", Rank: 2), new("USABLE", Wraps: true));
        foreach (var device in devices)
        {
            table.Row(
                device.Name,
                OrDash(device.Description),
                device.MemoryBytes > 0 ? Words.Bytes(device.MemoryBytes) : "-",
                OrDash(device.NumericsId),
                device.Obstacle is { } obstacle ? $"no: {obstacle}" : device == auto ? "yes; auto takes it" : "yes");
        }
        return table.Render(width);
    }

    internal static JsonObject Json(IReadOnlyList<DeviceListing> devices) => new()
    {
        ["devices"] = new JsonArray([.. devices.Select(device => new JsonObject
        {
            ["name"] = device.Name,
            ["kind"] = device.Kind,
            ["description"] = device.Description,
            ["memory_bytes"] = device.MemoryBytes,
            ["numerics"] = device.NumericsId,
            ["usable"] = device.IsUsable,
            ["obstacle"] = device.Obstacle,
            ["auto"] = device == Auto(devices),
        })]),
    };

    private static DeviceListing Auto(IReadOnlyList<DeviceListing> devices) => DeviceCatalog.Choose(new DeviceName(DeviceName.Auto, null), devices);

    private static string OrDash(string text) => text.Length > 0 ? text : "-";
}
