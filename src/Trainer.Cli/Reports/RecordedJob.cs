using System.Text.Json.Nodes;
using Google.Protobuf;
using Grpc.Core;
using Trainer.Cli.Api;
using Trainer.Cli.Artifacts;
using Trainer.Cli.Errors;
using Trainer.Hosting.Artifacts;
using Trainer.Protos;

namespace Trainer.Cli.Reports;

/// <summary>What the API answers of a job, by the paths of HTTP, as the dashboard's page asks for it.</summary>
internal static class RecordedJob
{
    private const uint MostPoints = 2000; // Of a curve: twice as many as the dashboard asks for, since a report has no finer ones.
    private const int MostEntries = 2001; // Of the log: the page shows 2,000, and says so where there are more.
    private const ulong MostBytes = 4 << 20; // Of an evaluation.

    /// <returns>{id, time, version, answers}; what the cluster does not have of the job is left out.</returns>
    /// <exception cref="CliException">There is no such job, or nobody answers.</exception>
    public static async Task<JsonObject> ReadAsync(ClusterClient client, Job job, DateTimeOffset now, CancellationToken stop)
    {
        var (id, answers) = (job.Id, new JsonObject());
        var version = await client.CallAsync((cluster, options) => cluster.System.GetVersionAsync(new GetVersionRequest(), options), stop);
        answers[PathOf("")] = ProtoJson.ToJson(job);
        await AskAsync("/metrics", (cluster, options) => cluster.Jobs.QueryMetricsAsync(new QueryMetricsRequest { Id = id, MaxPoints = MostPoints }, options));
        await AskAsync("/journal", (cluster, options) => cluster.Jobs.GetJournalAsync(new GetJournalRequest { Id = id }, options));
        await AskAsync("/checkpoints", (cluster, options) => cluster.Jobs.ListCheckpointsAsync(new ListCheckpointsRequest { Id = id }, options));
        await AskAsync("/model", (cluster, options) => cluster.Jobs.DescribeModelAsync(new DescribeModelRequest { Id = id }, options));
        answers[PathOf("/artifacts")] = await EvaluationsAsync();
        answers[PathOf("/logs")] = new JsonArray([.. await LogAsync(client, id, stop)]);
        return new JsonObject { ["id"] = id, ["time"] = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"), ["version"] = version.Release, ["answers"] = answers };

        string PathOf(string name) => $"/v1/jobs/{Uri.EscapeDataString(id)}{name}";

        async Task AskAsync<T>(string name, Func<ClusterClient, CallOptions, AsyncUnaryCall<T>> call)
            where T : class, IMessage
        {
            if (await Unless(client.CallAsync(call, stop)) is { } answer)
            {
                answers[PathOf(name)] = ProtoJson.ToJson(answer);
            }
        }

        async Task<JsonObject> EvaluationsAsync()
        {
            var there = await client.CallAsync((cluster, options) => cluster.Jobs.ListArtifactsAsync(new ListArtifactsRequest { Id = id }, options), stop);
            var found = new JsonArray();
            foreach (var artifact in there.Artifacts.Where(file => file.Name is ArtifactNames.Evaluation or ArtifactNames.BestEvaluation && file.Bytes <= MostBytes))
            {
                answers[PathOf($"/artifacts/{artifact.Name}")] = JsonNode.Parse(await SmallArtifact.ReadAsync(client, id, artifact.Name, stop));
                found.Add(ProtoJson.ToJson(artifact));
            }

            return new JsonObject { ["artifacts"] = found };
        }
    }

    // A cluster of an earlier release knows less, and a model whose data are gone cannot be described.
    private static async Task<T?> Unless<T>(Task<T> answer)
        where T : class
    {
        try
        {
            return await answer;
        }
        catch (CliException refused) when (refused.ExitCode != ExitCode.Unreachable)
        {
            return null;
        }
    }

    // The last ones.
    private static async Task<IEnumerable<JsonNode>> LogAsync(ClusterClient client, string id, CancellationToken stop)
    {
        var entries = new Queue<JsonNode>();
        try
        {
            using var log = client.Jobs.StreamLogs(new StreamLogsRequest { Id = id }, cancellationToken: stop);
            await foreach (var entry in log.ResponseStream.ReadAllAsync(stop))
            {
                entries.Enqueue(ProtoJson.ToJson(entry));
                if (entries.Count > MostEntries)
                {
                    entries.Dequeue();
                }
            }

            return entries;
        }
        catch (RpcException broken)
        {
            throw ApiErrors.Translate(broken, client);
        }
    }
}
