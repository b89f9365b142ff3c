using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Artifacts;
using Trainer.Cli.Data;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Home;
using Trainer.Cli.Output;
using Trainer.Kernels.Data.Packs;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer data push, list and delete</summary>
internal static class DataPushCommand
{
    private const string NameHelp = "NAME@SHA-256, as 'trainer data list' lists it.";

    public static Command CreatePush(Shell shell)
    {
        var connection = new ConnectionOptions();
        var path = new Argument<string>("PATH") { Description = DataPlace.Description };
        var name = new Argument<string>("NAME") { Description = "What it is to be called: lower-case letters, digits, '.', '_' and '-'. With its SHA-256 behind it that is the name in job files." };
        var command = new TrainerCommand("push", "Packs a data set and brings it into the cluster's store, for jobs to train on (data.pushed). What was broken off goes on where it was.")
        {
            Examples = ["trainer data push ~/pictures pictures", "trainer data push pictures.tar pictures --endpoint https://trainer.example.com --token-file ~/.trainer-token"],
            Arguments = { path, name },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var (printer, address, source) = (Printer.Of(parsed, shell), connection.Read(parsed, shell), parsed.GetValue(path)!);
            var (set, facts) = PackPlace.IsPack(source)
                ? await PushAsync(printer, address, PackPlace.Of(source), parsed.GetValue(name)!, stop)
                : await PackAndPushAsync(printer, address, source, Draft(shell), parsed.GetValue(name)!, stop);
            printer.Print(
                () => ProtoJson.ToJson(set),
                () => $"{set.Id} is in the cluster: {Samples((int)set.TrainSamples, (int)set.TestSamples)}, {Words.Bytes(set.Bytes)}. A job names it so:{Environment.NewLine}data: {{pushed: {set.Id}{(facts.HasSeveralLabels ? ", labels: several" : "")}}}");
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command CreateList(Shell shell)
    {
        var connection = new ConnectionOptions();
        var command = new TrainerCommand("list", "Lists the data sets that were pushed to the cluster.") { Examples = ["trainer data list", "trainer data list --output json | jq -r .data_sets[].id"] };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var sets = await AllAsync(client, stop);
            Printer.Of(parsed, shell).Print(
                () => new JsonObject { ["data_sets"] = new JsonArray([.. sets.Select(ProtoJson.ToJson)]) },
                () => sets.Count > 0 ? Table(sets, shell.Width) : "There are no data sets in the cluster. Push one with: trainer data push PATH NAME");
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command CreateDelete(Shell shell)
    {
        var (connection, yes) = (new ConnectionOptions(), Confirmation.Option());
        var id = new Argument<string>("ID") { Description = NameHelp };
        var command = new TrainerCommand("delete", "Deletes a data set from the cluster's store. One that a job uses which has not ended stays.")
        {
            Examples = ["trainer data delete pictures@2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae --yes"],
            Arguments = { id },
            Options = { yes },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var set = parsed.GetValue(id)!;
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            Confirmation.Require(parsed.GetValue(yes), shell, $"The data set {set} is to be deleted.");
            await client.CallAsync((cluster, options) => cluster.DataSets.DeleteDataSetAsync(new DeleteDataSetRequest { Id = set }, options), stop);
            Printer.Of(parsed, shell).Say(() => new JsonObject { ["id"] = set, ["deleted"] = true }, () => $"The data set {set} is deleted.");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>5 training and 2 test images.</summary>
    public static string Samples(int train, int test) => test > 0 ? $"{train} training and {Words.Plural(test, "test image")}" : Words.Plural(train, "training image");

    private static async Task<List<PushedDataSet>> AllAsync(ClusterClient client, CancellationToken stop)
    {
        var (sets, request) = (new List<PushedDataSet>(), new ListDataSetsRequest());
        do
        {
            var page = await client.CallAsync((cluster, options) => cluster.DataSets.ListDataSetsAsync(request, options), stop);
            sets.AddRange(page.DataSets);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return sets;
    }

    private static async Task<(PushedDataSet Set, PackFacts Facts)> PackAndPushAsync(Printer printer, ClusterAddress address, string source, string draft, string name, CancellationToken stop)
    {
        try
        {
            return await PushAsync(printer, address, PackPlace.Write(source, draft, stop), name, stop);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private static async Task<(PushedDataSet Set, PackFacts Facts)> PushAsync(Printer printer, ClusterAddress address, PackPlace pack, string name, CancellationToken stop) =>
        (await new DataSetUpload(address, printer.Tell).PushAsync(pack, name, stop), pack.Facts);

    /// <summary>Where a pack lies until it is pushed: it may be larger than a temporary folder in memory.</summary>
    private static string Draft(Shell shell) => Path.Combine(LocalFolders.Of(shell.Environment).Downloads, $"push-{Guid.NewGuid():N}.tar");

    private static string Table(IEnumerable<PushedDataSet> sets, int? width)
    {
        var table = new TextTable("ID", "STATE", "TRAIN", "TEST", "SIZE", new("CLASSES", Rank: 3), new("BY", Rank: 2), new("SINCE", Rank: 1));
        foreach (var set in sets)
        {
            var isReady = set.State == PushedDataSet.Types.State.Ready;
            var state = set.State == PushedDataSet.Types.State.Uploading ? $"{Words.Bytes(set.ReceivedBytes)} are there" : $"{set.State}".ToLowerInvariant();
            table.Row(set.Id, state, isReady ? $"{set.TrainSamples}" : "", isReady ? $"{set.TestSamples}" : "", Words.Bytes(set.Bytes), isReady ? $"{set.Classes}" : "", set.Creator,
                set.CreateTime.ToDateTimeOffset().ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture));
        }

        return table.Render(width);
    }
}
