using System.CommandLine;
using System.Globalization;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer prune</summary>
internal static class PruneCommand
{
    public static Command Create(Shell shell)
    {
        var (connection, retention) = (new ConnectionOptions(), new RetentionOptions());
        var (dryRun, yes) = (new Option<bool>("--dry-run") { Description = "Show whose files would go; delete nothing." }, Confirmation.Option());
        var command = new TrainerCommand("prune", "Deletes files of jobs that have ended, beyond the limits given or those of the coordinator. The jobs stay, and so does what is pinned.")
        {
            Examples = ["trainer prune --keep-for 30d --dry-run", "trainer prune --keep-jobs 100 --keep-bytes 500GiB --yes"],
            Options = { dryRun, yes },
        };
        retention.AddTo(command);
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var (request, printer) = (RequestOf(retention.Read(parsed)), Printer.Of(parsed, shell));
            var found = await PruneAsync(client, request, validateOnly: true, stop);
            if (parsed.GetValue(dryRun) || found.Jobs.Count == 0)
            {
                Tell(printer, shell, found, deleted: false);
                return ExitCode.Ok;
            }

            Confirmation.Require(parsed.GetValue(yes), shell, $"The files of {Words.Plural(found.Jobs.Count, "job")} ({Words.Bytes(found.Bytes)}) are deleted.");
            Tell(printer, shell, await PruneAsync(client, request, validateOnly: false, stop), deleted: true);
            return ExitCode.Ok;
        });
        return command;
    }

    private static PruneJobsRequest RequestOf(Coordinator.Api.RetentionPolicy policy)
    {
        var request = new PruneJobsRequest();
        if (policy.Age is { } age)
        {
            request.MaxAgeSeconds = (ulong)age.TotalSeconds;
        }

        if (policy.Jobs is { } jobs)
        {
            request.MaxJobs = (uint)jobs;
        }

        if (policy.Bytes is { } bytes)
        {
            request.MaxBytes = (ulong)bytes;
        }

        return request;
    }

    private static Task<PruneJobsResponse> PruneAsync(ClusterClient client, PruneJobsRequest request, bool validateOnly, CancellationToken stop)
    {
        request.ValidateOnly = validateOnly;
        return client.CallAsync((cluster, options) => cluster.Jobs.PruneJobsAsync(request, options), stop);
    }

    private static void Tell(Printer printer, Shell shell, PruneJobsResponse response, bool deleted) => printer.Say(
        () =>
        {
            var json = ProtoJson.ToJson(response);
            json["deleted"] = deleted;
            return json;
        },
        () => response.Jobs.Count == 0 ? "No job's files are beyond the limits." : $"{Table(response.Jobs, shell.Width)}\n{Words.Bytes(response.Bytes)} {(deleted ? "are deleted" : "would be deleted")}.");

    private static string Table(IEnumerable<PrunedJob> jobs, int? width)
    {
        var table = new TextTable("ID", "NAME", "STATE", "ENDED", "SIZE");
        foreach (var job in jobs)
        {
            table.Row(job.Id, job.Name, Words.State(job.State), job.EndTime.ToDateTimeOffset().ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), Words.Bytes(job.Bytes));
        }

        return table.Render(width);
    }
}
