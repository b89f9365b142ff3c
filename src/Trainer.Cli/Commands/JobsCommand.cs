using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
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
        var command = new TrainerCommand("jobs", "Lists jobs, the newest first.")
        {
            Examples = ["trainer jobs", "trainer jobs --state running --state queued", "trainer jobs --output json | jq -r '.jobs[].id'"],
            Options = { state, limit },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var jobs = await ListAsync(client, parsed.GetValue(state)!, parsed.GetValue(limit), stop);
            Printer.Of(parsed, shell).Print(
                () => new JsonObject { ["jobs"] = new JsonArray([.. jobs.Select(ProtoJson.ToJson)]) },
                () => jobs.Count > 0 ? JobText.List(jobs, TimeProvider.System.GetUtcNow(), shell.Width) : "No jobs.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<List<Job>> ListAsync(ClusterClient client, JobState[] states, int limit, CancellationToken stop)
    {
        var jobs = new List<Job>();
        var page = "";
        do
        {
            var request = new ListJobsRequest { PageSize = Math.Min(limit - jobs.Count, 1000), PageToken = page, States = { states } };
            var response = await client.CallAsync((cluster, options) => cluster.Jobs.ListJobsAsync(request, options), stop);
            jobs.AddRange(response.Jobs);
            page = response.NextPageToken;
        }
        while (page.Length > 0 && jobs.Count < limit);
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
