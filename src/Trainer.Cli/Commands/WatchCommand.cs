using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Follow;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;

namespace Trainer.Cli.Commands;

/// <summary>trainer watch ID</summary>
internal static class WatchCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var command = new TrainerCommand("watch", "Follows a job to its end. Ctrl-C stops watching; the job goes on.")
        {
            Examples =
            [
                "trainer watch 6ed2ujta4p",
                "trainer watch 6ed2ujta4p --output json | jq 'select(.event == \"epoch\").loss'",
            ],
            Arguments = { id },
        };
        connection.AddTo(command);
        command.SetAction((parsed, stop) =>
            Following.RunAsync(Printer.Of(parsed, shell), connection.Read(parsed, shell), parsed.GetValue(id)!, cancelOnInterrupt: false, onlyTheEnd: false, stop));
        return command;
    }
}
