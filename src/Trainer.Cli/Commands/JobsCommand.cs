using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Follow;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer jobs</summary>
internal static class JobsCommand
{
    private static IEnumerable<string> States => Enum.GetValues<JobState>().Where(known => known != JobState.Unspecified).Select(Words.State);

    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var state = new Option<JobState[]>("--state")
        {
            Description = "Only jobs in this state. Repeat it for several.",
            HelpName = "STATE",
            CustomParser = result => [.. result.Tokens.Select(token => ParseState(token.Value, result.AddError))],
            DefaultValueFactory = _ => [],
        };
        state.CompletionSources.Add([.. States]);
        var limit = new Option<int>("--limit") { Description = "At most so many.", HelpName = "N", DefaultValueFactory = _ => 50 };
        limit.Validators.Add(Numbers.AtLeast(1));
        var filter = new Option<string>("--filter")
        {
            Description = "Only jobs for which this holds: state, name, creator, create_time or labels.KEY, compared by =, !=, <, <=, >, >=, joined by AND.",
            HelpName = "CONDITIONS",
            DefaultValueFactory = _ => "",
        };
        var order = new Option<string>("--order-by")
        {
            Description = "create_time, name or state; with desc behind it the other way round. Default: the newest first.",
            HelpName = "FIELD",
            DefaultValueFactory = _ => "",
        };
        var follow = new Option<bool>("--follow", "-f") { Description = "Show what becomes of them, a line for each change, until interrupted." };
        var command = new TrainerCommand("jobs", "Lists jobs, the newest first.")
        {
            Examples =
            [
                "trainer jobs",
                "trainer jobs --state running --state queued",
                "trainer jobs --filter labels.team=vision --order-by name",
                "trainer jobs --filter state!=SUCCEEDED --follow",
                "trainer jobs --output json | jq -r '.jobs[].id'",
            ],
            Options = { state, filter, order, limit, follow },
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(follow) && new Option[] { state, order, limit }.Any(option => result.GetResult(option) is { Implicit: false }))
            {
                result.AddError("--follow goes with --filter alone: give states there, as in --filter 'state = RUNNING'.");
            }
        });
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var (printer, address) = (Printer.Of(parsed, shell), connection.Read(parsed, shell));
            if (parsed.GetValue(follow))
            {
                return await FollowAsync(printer, address, new WatchJobsRequest { Filter = parsed.GetValue(filter), View = printer.Json ? JobView.Full : JobView.Basic }, stop);
            }

            using var client = await ClusterClient.OpenAsync(address, stop);
            var request = new ListJobsRequest
            {
                States = { parsed.GetValue(state)! },
                Filter = parsed.GetValue(filter),
                OrderBy = parsed.GetValue(order),
                View = printer.Json ? JobView.Full : JobView.Basic,
            };
            var jobs = await ListAsync(client, request, parsed.GetValue(limit), stop);
            printer.Print(
                () => new JsonObject { ["jobs"] = new JsonArray([.. jobs.Select(ProtoJson.ToJson)]) },
                () => jobs.Count > 0 ? JobText.List(jobs, TimeProvider.System.GetUtcNow(), shell.Width) : "No jobs.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<int> FollowAsync(Printer printer, ClusterAddress address, WatchJobsRequest request, CancellationToken stop)
    {
        var said = new Dictionary<string, string>(StringComparer.Ordinal);
        var changes = new ReconnectingStream<WatchJobsResponse>(address, (client, options) => client.Jobs.WatchJobs(request, options), complete: () => false, TimeSpan.FromMinutes(1));
        await foreach (var (change, notice) in changes.ReadAsync(stop))
        {
            if (notice is not null)
            {
                printer.Warn(notice);
            }
            else if (printer.Json && (change!.Job is not null || change.Removed.Length > 0))
            {
                printer.Print(() => ProtoJson.ToJson(change), () => "");
            }
            else if (!printer.Json && Line(change!, said) is { } line)
            {
                printer.Tell(line);
            }
        }

        return ExitCode.Ok;
    }

    // People are told what they have not read yet: progress alone changes several times a second.
    private static string? Line(WatchJobsResponse change, Dictionary<string, string> said)
    {
        if (change.Job is null)
        {
            return said.Remove(change.Removed) ? $"{change.Removed} is gone." : null;
        }

        var line = JobText.State(change.Job);
        var isNews = said.GetValueOrDefault(change.Job.Id) != line;
        said[change.Job.Id] = line;
        return isNews ? line : null;
    }

    private static async Task<List<Job>> ListAsync(ClusterClient client, ListJobsRequest request, int limit, CancellationToken stop)
    {
        var jobs = new List<Job>();
        do
        {
            request.PageSize = Math.Min(limit - jobs.Count, 1000);
            var response = await client.CallAsync((cluster, options) => cluster.Jobs.ListJobsAsync(request, options), stop);
            jobs.AddRange(response.Jobs);
            request.PageToken = response.NextPageToken;
        }
        while (request.PageToken.Length > 0 && jobs.Count < limit);
        return jobs;
    }

    private static JobState ParseState(string text, Action<string> addError)
    {
        if (Enum.TryParse<JobState>(text, ignoreCase: true, out var state) && state != JobState.Unspecified && Enum.IsDefined(state))
        {
            return state;
        }

        addError($"--state: expected one of {string.Join(", ", States)}, got '{text}'.");
        return JobState.Unspecified;
    }
}
