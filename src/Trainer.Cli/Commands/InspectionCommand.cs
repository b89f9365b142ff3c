using System.CommandLine;
using Google.Protobuf;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Local;
using Trainer.Cli.Output;
using Trainer.Hosting.Artifacts;
using Trainer.Node.Inspection;
using Trainer.Protos.Cluster;

namespace Trainer.Cli.Commands;

/// <summary>trainer inspection: the process that a coordinator starts to look into a job. Not for people.</summary>
internal static class InspectionCommand
{
    public const string Name = "inspection";

    /// <summary>Longer than a coordinator waits: where that has died, nobody else ends it.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(40);

    public static Command Create(Shell shell)
    {
        var memory = new Option<long>("--memory") { Description = "Bytes that it may have.", HelpName = "BYTES", Required = true };
        var command = new TrainerCommand(Name, "Answers one order to look into a job, from standard input to standard output. A coordinator starts it.")
        {
            Options = { memory },
            Hidden = true,
        };
        command.SetAction(parsed =>
        {
            Posix.LimitMemory(parsed.GetValue(memory));
            Posix.YieldToOthers();
            using var clock = new Timer(_ => Environment.Exit(ExitCode.Failed), null, Longest, Timeout.InfiniteTimeSpan);
            var order = InspectionOrder.Parser.ParseFrom(Console.OpenStandardInput());
            using var stores = new ArtifactStores(() => S3Access.Of(shell.Environment).Connect());
            using var output = Console.OpenStandardOutput();
            Inspector.Answer(order, stores).WriteTo(output);
            return ExitCode.Ok;
        });
        return command;
    }
}
