using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Data;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Kernels.Data;

namespace Trainer.Cli.Commands;

/// <summary>trainer data fetch NAME, and the commands of data sets of one's own.</summary>
internal static class DataCommand
{
    public static Command Create(Shell shell) =>
        new TrainerCommand("data", "Gets data sets, looks into them, shows what transforms make of them, and brings them to the cluster.")
        {
            Subcommands =
            {
                CreateFetch(shell), DataInspectCommand.Create(shell), DataPreviewCommand.Create(shell), DataImportCommand.Create(shell), DataPushCommand.CreatePush(shell), DataPushCommand.CreateList(shell),
                DataPushCommand.CreateDelete(shell),
            },
        };

    private static string[] Names { get; } = [.. KnownDataSet.All.Select(set => set.Name)];

    private static TrainerCommand CreateFetch(Shell shell)
    {
        var name = new Argument<string>("NAME") { Description = $"The data set: {string.Join(", ", Names)}." };
        name.AcceptOnlyFromAmong(Names);
        var to = new Option<string?>("--to")
        {
            Description = "Put it there, even if it is to be found elsewhere. Default: the user's cache.",
            HelpName = "FOLDER",
        };
        var from = new Option<Uri?>("--from")
        {
            Description = "Download from a mirror: ADDRESS/train-images-idx3-ubyte.gz and so on.",
            HelpName = "ADDRESS",
            CustomParser = HttpAddress.Parse,
        };
        var command = new TrainerCommand("fetch", "Finds a data set, or downloads it and checks its sums.")
        {
            Examples = ["trainer data fetch fashion-mnist", "trainer data fetch fashion-mnist --to /data/fashion-mnist"],
            Arguments = { name },
            Options = { to, from },
        };
        command.SetAction((parsed, stop) => FetchAsync(Printer.Of(parsed, shell), KnownDataSet.Named(parsed.GetValue(name)!), parsed.GetValue(to), parsed.GetValue(from), stop));
        return command;
    }

    private static async Task<int> FetchAsync(Printer printer, KnownDataSet set, string? to, Uri? from, CancellationToken stop)
    {
        var folder = to is null ? set.CacheFolder : Path.GetFullPath(to);
        var found = to is not null && set.IsIn(folder) ? folder : to is null && from is null ? set.Find() : null;
        if (found is null)
        {
            var sources = from is null ? DataSetAcquisition.PublicSources(set) : [DataSetAcquisition.Mirror(set, from)];
            await new DataSetAcquisition(set, folder, sources, printer.Tell).FetchAsync(stop);
        }
        set.Load(found ?? folder); // checks the sums
        printer.Say(
            () => new JsonObject { ["name"] = set.Name, ["folder"] = found ?? folder, ["fetched"] = found is null },
            () => $"{set.Title} is in {found ?? folder}; its sums are right.");
        return ExitCode.Ok;
    }
}
