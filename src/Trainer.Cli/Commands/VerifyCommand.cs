using System.CommandLine;
using System.Globalization;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Follow;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer verify ID [--steps A-B|--all] [--follow|--wait]</summary>
internal static class VerifyCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var steps = new Option<(ulong First, ulong Last)?>("--steps")
        {
            Description = "The training steps to verify, from 1. Computing begins at the checkpoint before them. Default: what follows the newest checkpoint.",
            HelpName = "A-B",
            CustomParser = result => Read(result.Tokens[0].Value) ?? Refuse(result),
        };
        var all = new Option<bool>("--all") { Description = "Verify all steps, from the initial weights." };
        var follow = new Option<bool>("--follow", "-f") { Description = "Show progress until the verification ends. Ctrl-C detaches; it goes on." };
        var wait = new Option<bool>("--wait") { Description = "Wait for the end. The exit code tells whether all states were equal." };
        var command = new TrainerCommand("verify", "Computes steps of a job again, and compares every state with the hash on record.")
        {
            Examples = ["trainer verify 6ed2ujta4p --wait", "trainer verify 6ed2ujta4p --steps 900-1000 --wait", "trainer verify 6ed2ujta4p --all --follow"],
            Arguments = { id },
            Options = { steps, all, follow, wait },
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(steps) is not null && result.GetValue(all))
            {
                result.AddError("--steps and --all exclude each other.");
            }
        });
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var (printer, address) = (Printer.Of(parsed, shell), connection.Read(parsed, shell));
            var range = parsed.GetValue(steps) ?? (parsed.GetValue(all) ? (1, 0) : (0UL, 0UL));
            var request = new VerifyJobRequest { Id = parsed.GetValue(id), FirstStep = range.First, LastStep = range.Last, RequestId = Guid.NewGuid().ToString() };
            using var client = await ClusterClient.OpenAsync(address, stop);
            var job = await client.CallAsync((cluster, options) => cluster.Jobs.VerifyJobAsync(request, options), stop);
            if (parsed.GetValue(follow) || parsed.GetValue(wait))
            {
                return await Following.RunAsync(printer, address, job.Id, cancelOnInterrupt: false, onlyTheEnd: !parsed.GetValue(follow), stop);
            }

            printer.Say(() => ProtoJson.ToJson(job), () => $"{JobText.State(job)}{Environment.NewLine}Follow it with: trainer watch {job.Id}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static (ulong, ulong)? Read(string text) =>
        text.Split('-') is [var first, var last] && ulong.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var from)
            && ulong.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var to) && from >= 1 && from <= to
            ? (from, to)
            : null;

    private static (ulong, ulong)? Refuse(System.CommandLine.Parsing.ArgumentResult result)
    {
        result.AddError($"--steps must be two step numbers, from 1 and in order, as 900-1000, got '{result.Tokens[0].Value}'.");
        return null;
    }
}
