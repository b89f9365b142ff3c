using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer cluster describe</summary>
internal static class ClusterCommand
{
    public static Command Create(Shell shell) => new TrainerCommand("cluster", "Says what the cluster is.")
    {
        Subcommands = { CreateDescribe(shell) },
    };

    private static TrainerCommand CreateDescribe(Shell shell)
    {
        var connection = new ConnectionOptions();
        var command = new TrainerCommand("describe", "Shows the coordinator that answers, and how many jobs and workers there are.")
        {
            Examples = ["trainer cluster describe", "trainer cluster describe --output json | jq -r .version.release"],
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var info = await client.CallAsync((cluster, options) => cluster.System.GetInfoAsync(new GetInfoRequest(), options), stop);
            Printer.Of(parsed, shell).Print(() => ProtoJson.ToJson(info), () => Facts.Render(Describe(info, client.Endpoint), shell.Width));
            return ExitCode.Ok;
        });
        return command;
    }

    private static IEnumerable<(string Name, string Value)> Describe(SystemInfo info, Uri endpoint) =>
    [
        ("job API", endpoint.GetLeftPart(UriPartial.Authority)),
        ("coordinator", $"{info.Coordinator}, for {Words.Duration((info.Time.ToDateTimeOffset() - info.StartTime.ToDateTimeOffset()).TotalSeconds)}"),
        ("release", $"{info.Version.Release} ({info.Version.Api}, cluster protocol {info.Version.ClusterProtocol})"),
        ("numerics", info.Version.Numerics),
        ("workers", $"{info.Workers}, {info.IdleWorkers} of them idle"),
        ("jobs", info.Jobs.Count > 0 ? string.Join(", ", info.Jobs.Select(count => $"{count.Count} {Words.State(count.State)}")) : "none"),
    ];
}
