using System.Text.Json.Nodes;
using Google.Protobuf;
using Grpc.Core;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Protos;

namespace Trainer.Cli.Support;

/// <summary>What a coordinator says of a job and of its cluster. The job must be there; of all else it is noted where it cannot be had.</summary>
internal static class JobReport
{
    private const uint Points = 2000;

    /// <exception cref="CliException">There is no such job, or nobody answers.</exception>
    public static async Task WriteAsync(ClusterClient client, string id, SupportArchive archive, CancellationToken stop)
    {
        archive.Add("job.json", [ProtoJson.ToJson(await client.CallAsync((cluster, options) => cluster.Jobs.GetJobAsync(new GetJobRequest { Id = id }, options), stop))]);
        await AddAsync("journal.json", (cluster, options) => cluster.Jobs.GetJournalAsync(new GetJournalRequest { Id = id }, options), reply => reply.Entries);
        await AddAsync("metrics.json", (cluster, options) => cluster.Jobs.QueryMetricsAsync(new QueryMetricsRequest { Id = id, MaxPoints = Points }, options), reply => reply.Series);
        await AddAsync("checkpoints.json", (cluster, options) => cluster.Jobs.ListCheckpointsAsync(new ListCheckpointsRequest { Id = id }, options), reply => reply.Checkpoints);
        await AddAsync("artifacts.json", (cluster, options) => cluster.Jobs.ListArtifactsAsync(new ListArtifactsRequest { Id = id }, options), reply => reply.Artifacts);
        await AddAsync("workers.json", (cluster, options) => cluster.Workers.ListWorkersAsync(new ListWorkersRequest(), options), reply => reply.Workers);
        await AddAsync("queue.json", (cluster, options) => cluster.Jobs.GetQueueAsync(new GetQueueRequest(), options), reply => [reply]);
        await AddAsync("system.json", (cluster, options) => cluster.System.GetInfoAsync(new GetInfoRequest(), options), reply => [reply]);
        await LogAsync(client, id, archive, stop);

        async Task AddAsync<T>(string name, Func<ClusterClient, CallOptions, AsyncUnaryCall<T>> call, Func<T, IEnumerable<IMessage>> parts)
        {
            try
            {
                archive.Add(name, parts(await client.CallAsync(call, stop)).Select(part => (JsonNode)ProtoJson.ToJson(part)));
            }
            catch (CliException refused)
            {
                archive.Note(name, refused.Message);
            }
        }
    }

    private static async Task LogAsync(ClusterClient client, string id, SupportArchive archive, CancellationToken stop)
    {
        var lines = new List<JsonNode>();
        try
        {
            using var log = client.Jobs.StreamLogs(new StreamLogsRequest { Id = id }, cancellationToken: stop);
            await foreach (var entry in log.ResponseStream.ReadAllAsync(stop))
            {
                lines.Add(ProtoJson.ToJson(entry));
            }
        }
        catch (RpcException broken)
        {
            archive.Note("log.json", ApiErrors.Translate(broken, client).Message);
        }

        archive.Add("log.json", lines);
    }
}
