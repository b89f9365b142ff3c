using System.CommandLine;
using System.Text.Json.Nodes;
using Spectre.Console;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Follow;
using Trainer.Cli.Help;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer top</summary>
internal static class TopCommand
{
    private const int MostLosses = 64;

    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var interval = new Option<double>("--interval") { Description = "Seconds from one look to the next.", HelpName = "SECONDS", DefaultValueFactory = _ => 2 };
        interval.Validators.Add(given =>
        {
            if (given.GetValueOrDefault<double>() is not (>= 0.5 and <= 3600))
            {
                given.AddError("--interval: expected 0.5 to 3600 seconds.");
            }
        });
        var command = new TrainerCommand("top", "Shows what the cluster does, on one screen, until interrupted. In a file or a pipe, once.")
        {
            Examples = ["trainer top", "trainer top --interval 10", "trainer top --output json | jq '.jobs | length'"],
            Options = { interval },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var (printer, address) = (Printer.Of(parsed, shell), connection.Read(parsed, shell));
            if (shell.Terminal is { } terminal && !printer.Json)
            {
                await WatchAsync(terminal, address, TimeSpan.FromSeconds(parsed.GetValue(interval)), stop);
                return ExitCode.Ok;
            }

            using var client = await ClusterClient.OpenAsync(address, stop);
            var snapshot = await ClusterSnapshot.TakeAsync(client, stop);
            printer.Print(() => ToJson(snapshot), () => TopText.Render(snapshot, new Dictionary<string, IReadOnlyList<double>>(StringComparer.Ordinal), shell.Width, height: null));
            return ExitCode.Ok;
        });
        return command;
    }

    // A coordinator that does not answer is asked again: what was seen last stays, with why.
    private static async Task WatchAsync(IAnsiConsole terminal, ClusterAddress address, TimeSpan interval, CancellationToken stop)
    {
        var losses = new Dictionary<string, IReadOnlyList<double>>(StringComparer.Ordinal);
        ClusterSnapshot? last = null;
        await terminal.Live(new Text("Asking the cluster")).AutoClear(true).StartAsync(async screen =>
        {
            while (!stop.IsCancellationRequested)
            {
                var problem = "";
                try
                {
                    using var client = await ClusterClient.OpenAsync(address, stop);
                    last = await ClusterSnapshot.TakeAsync(client, stop);
                    Remember(losses, last);
                }
                catch (CliException away) when (last is not null)
                {
                    problem = $"{Environment.NewLine}{Environment.NewLine}{away.Message}";
                }
                catch (OperationCanceledException)
                {
                    return;
                }

                screen.UpdateTarget(new Text(TopText.Render(last!, losses, terminal.Profile.Width - 1, terminal.Profile.Height - 3) + problem));
                await Task.Delay(interval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        });
    }

    private static void Remember(Dictionary<string, IReadOnlyList<double>> losses, ClusterSnapshot snapshot)
    {
        foreach (var gone in losses.Keys.Except(snapshot.Jobs.Select(job => job.Id)).ToList())
        {
            losses.Remove(gone);
        }

        foreach (var job in snapshot.Jobs.Where(job => job is { State: JobState.Running, Progress: not null }))
        {
            losses[job.Id] = [.. (losses.GetValueOrDefault(job.Id) ?? []).TakeLast(MostLosses - 1), job.Progress.Loss];
        }
    }

    private static JsonObject ToJson(ClusterSnapshot snapshot) => new()
    {
        ["info"] = ProtoJson.ToJson(snapshot.Info),
        ["images_per_second"] = snapshot.ImagesPerSecond,
        ["jobs"] = new JsonArray([.. snapshot.Jobs.Select(ProtoJson.ToJson)]),
        ["workers"] = new JsonArray([.. snapshot.Workers.Select(ProtoJson.ToJson)]),
    };
}
