using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Trainer.Coordinator.Scheduling;
using Trainer.Coordinator.Store;
using Trainer.Hosting;
using Trainer.Hosting.Artifacts;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>The job API. What a job is and does is its entity's affair; what has ended is read from the store.</summary>
public sealed class JobService(
    IJobStore store, JobDirectory directory, JobValidator validator, CheckThreads checks, JobArtifacts artifacts, ArtifactThreads asks, JobOrigins origins, DataSetUses dataSets, JobDeletion deletion, JobPruning pruning, ArtifactReader files, JobWatches watches, LogStreams logs, JobMetrics metrics, JobModels models,
    IHostApplicationLifetime lifetime) : Protos.JobService.JobServiceBase
{
    private const int MostEpochs = 1000;

    public override async Task<Job> CreateJob(CreateJobRequest request, ServerCallContext context)
    {
        RefuseUnknownFields(request);
        LabelRules.CheckAll("labels", request.Labels);
        LabelRules.CheckNotes("notes", request.Notes);
        var requestId = RequestId(request.RequestId);
        var (id, hash) = (JobId.From(requestId), HashOf(request.Spec));
        if (!request.ValidateOnly && await MadeBeforeAsync(id, requestId, hash, context) is { } made)
        {
            return made;
        }

        var (spec, violations) = await checks.RunAsync(() => validator.Check(request.Spec), context.CancellationToken);
        if (violations.Count > 0)
        {
            throw ApiErrors.InvalidJob(violations);
        }

        var origin = await origins.ResolveAsync(id, spec, pin: !request.ValidateOnly, context.CancellationToken);
        if (request.ValidateOnly)
        {
            return new Job { Spec = spec };
        }

        await dataSets.HoldAsync(id, spec, context.CancellationToken);
        var create = new CreateJob { Spec = spec, RequestId = requestId, RequestHash = hash, Origin = origin, Labels = { request.Labels }, Notes = request.Notes, Creator = Caller.Of(context) };
        return await directory.AskAsync(new JobEnvelope { Job = id, Create = create }, context);
    }

    public override Task<Job> GetJob(GetJobRequest request, ServerCallContext context) => ReadAsync(request.Id, context);

    public override Task<ModelDescription> DescribeModel(DescribeModelRequest request, ServerCallContext context) => models.DescribeAsync(request.Id, context.CancellationToken);

    public override Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context) => JobLists.ReadAsync(store, request);

    public override async Task<Job> CancelJob(CancelJobRequest request, ServerCallContext context)
    {
        RequireId(request.Id);
        return await directory.AskAsync(
            new JobEnvelope { Job = request.Id, Cancel = new CancelJob { Etag = request.Etag, AskedBy = Caller.Of(context) } }, context);
    }

    public override async Task<Job> SuspendJob(SuspendJobRequest request, ServerCallContext context)
    {
        RequireId(request.Id);
        return await directory.AskAsync(
            new JobEnvelope { Job = request.Id, Suspend = new SuspendJob { Etag = request.Etag, AskedBy = Caller.Of(context) } }, context);
    }

    public override async Task<Job> ResumeJob(ResumeJobRequest request, ServerCallContext context)
    {
        RequireId(request.Id);
        return await directory.AskAsync(
            new JobEnvelope { Job = request.Id, Resume = new ResumeJob { Etag = request.Etag, AskedBy = Caller.Of(context) } }, context);
    }

    public override async Task<Job> UpdateJob(UpdateJobRequest request, ServerCallContext context)
    {
        RequireId(request.Job?.Id ?? "");
        return await directory.AskAsync(new JobEnvelope { Job = request.Job!.Id, Change = JobUpdateMask.ToChange(request) }, context);
    }

    public override async Task<Empty> DeleteJob(DeleteJobRequest request, ServerCallContext context)
    {
        RequireId(request.Id);
        await deletion.DeleteAsync(request, context);
        return new Empty();
    }

    public override Task<PruneJobsResponse> PruneJobs(PruneJobsRequest request, ServerCallContext context) => pruning.PruneAsync(request, context.CancellationToken);

    public override Task<Queue> GetQueue(GetQueueRequest request, ServerCallContext context) => JobQueue.ReadAsync(store, directory, context.CancellationToken);

    public override async Task<GetJournalResponse> GetJournal(GetJournalRequest request, ServerCallContext context)
    {
        RequireId(request.Id);
        var row = await store.FindAsync(request.Id) ?? throw ApiErrors.NotFound(request.Id);
        var entries = row.HasEnded ? row.Journal : await directory.JournalAsync(request.Id, context.CancellationToken);
        return new GetJournalResponse { Entries = { await asks.RunAsync(() => artifacts.WithGaps(request.Id, entries, row.HasEnded), context.CancellationToken) } };
    }

    public override async Task<Job> VerifyJob(VerifyJobRequest request, ServerCallContext context)
    {
        RequireId(request.Id);
        var requestId = RequestId(request.RequestId);
        var (id, hash) = (JobId.From(requestId), HashOf(new VerifyJobRequest(request) { RequestId = "" }));
        if (await MadeBeforeAsync(id, requestId, hash, context) is { } made)
        {
            return made;
        }

        var row = await store.FindAsync(request.Id) ?? throw ApiErrors.NotFound(request.Id);
        var plan = await asks.RunAsync(() => VerificationPlan.Of(artifacts.WithCheckpointsThere(row), artifacts.Hashes(row.Id), request), context.CancellationToken);
        await RequireArithmeticAsync(row, context.CancellationToken);
        await dataSets.HoldAsync(id, row.Spec, context.CancellationToken);
        var create = new CreateJob
        {
            Spec = row.Spec,
            RequestId = requestId,
            RequestHash = hash,
            Verification = plan.Verification,
            Origin = plan.Origin,
            Numerics = row.Numerics,
            Creator = Caller.Of(context),
        };
        return await directory.AskAsync(new JobEnvelope { Job = id, Create = create }, context);
    }

    public override async Task<ListArtifactsResponse> ListArtifacts(ListArtifactsRequest request, ServerCallContext context)
    {
        await RequireJobAsync(request.Id);
        return new ListArtifactsResponse { Artifacts = { await asks.RunAsync(() => artifacts.List(request.Id), context.CancellationToken) } };
    }

    public override async Task<ListCheckpointsResponse> ListCheckpoints(ListCheckpointsRequest request, ServerCallContext context)
    {
        var row = await RequireJobAsync(request.Id);
        return new ListCheckpointsResponse { Checkpoints = { await asks.RunAsync(() => artifacts.Checkpoints(row), context.CancellationToken) } };
    }

    public override async Task<CheckpointSummary> PinCheckpoint(PinCheckpointRequest request, ServerCallContext context)
    {
        var row = await RequireJobAsync(request.Id);
        return await asks.RunAsync(() =>
        {
            var found = artifacts.Checkpoint(row, request.Checkpoint);
            if (!artifacts.Pin(row.Id, found.Id, CheckpointPins.User))
            {
                throw ApiErrors.CheckpointNotFound(row.Id, "it has just been deleted");
            }

            found.PinnedBy.Remove(CheckpointPins.User); // It may be there already.
            found.PinnedBy.Add(CheckpointPins.User);
            return found;
        }, context.CancellationToken);
    }

    public override async Task<CheckpointSummary> UnpinCheckpoint(UnpinCheckpointRequest request, ServerCallContext context)
    {
        var row = await RequireJobAsync(request.Id);
        return await asks.RunAsync(() =>
        {
            var found = artifacts.Checkpoint(row, request.Checkpoint);
            artifacts.Unpin(row.Id, found.Id, CheckpointPins.User);
            found.PinnedBy.Remove(CheckpointPins.User);
            return found;
        }, context.CancellationToken);
    }

    public override async Task DownloadArtifact(DownloadArtifactRequest request, IServerStreamWriter<ArtifactChunk> responseStream, ServerCallContext context)
    {
        await RequireJobAsync(request.Id);
        if (!ArtifactNames.All.Contains(request.Name) && CheckpointManifest.IdOf(request.Name) is null)
        {
            throw ApiErrors.InvalidField("name", $"must be {string.Join(", ", ArtifactNames.All.SkipLast(1))} or {ArtifactNames.All[^1]}, got '{request.Name}'");
        }

        await SendAsync(stop => files.ReadAsync(artifacts.Of(request.Id), request.Name, request.Offset, stop), responseStream, context);
    }

    public override Task WatchJob(WatchJobRequest request, IServerStreamWriter<Job> responseStream, ServerCallContext context)
    {
        RequireId(request.Id);
        return SendAsync(stop => directory.WatchAsync(request.Id, stop), responseStream, context);
    }

    public override Task StreamLogs(StreamLogsRequest request, IServerStreamWriter<LogEntry> responseStream, ServerCallContext context)
    {
        RequireId(request.Id);
        return SendAsync(stop => logs.ReadAsync(request, stop, new StreamHeaders(context).SendAsync), responseStream, context);
    }

    public override Task WatchJobs(WatchJobsRequest request, IServerStreamWriter<WatchJobsResponse> responseStream, ServerCallContext context) =>
        SendAsync(stop => watches.WatchAsync(request, stop, new StreamHeaders(context).SendAsync), responseStream, context);

    public override Task<QueryMetricsResponse> QueryMetrics(QueryMetricsRequest request, ServerCallContext context)
    {
        RequireId(request.Id);
        return metrics.QueryAsync(request, context.CancellationToken);
    }

    public override Task StreamMetrics(StreamMetricsRequest request, IServerStreamWriter<StepMetrics> responseStream, ServerCallContext context)
    {
        RequireId(request.Id);
        return SendAsync(stop => metrics.StreamAsync(request, stop, new StreamHeaders(context).SendAsync), responseStream, context);
    }

    public override async Task<ListEpochsResponse> ListEpochs(ListEpochsRequest request, ServerCallContext context)
    {
        if (request.PageSize is < 0 or > MostEpochs)
        {
            throw ApiErrors.InvalidField("page_size", $"must be 0 to {MostEpochs}, got {request.PageSize}");
        }

        if (!uint.TryParse(request.PageToken.Length > 0 ? request.PageToken : "0", NumberStyles.None, CultureInfo.InvariantCulture, out var after))
        {
            throw ApiErrors.InvalidField("page_token", "is not a token that ListEpochs gave");
        }

        var (epochs, size) = ((await ReadAsync(request.Id, context)).Epochs, request.PageSize > 0 ? request.PageSize : MostEpochs);
        var page = epochs.Where(epoch => epoch.Epoch > after).Take(size).ToList();
        return new ListEpochsResponse { Epochs = { page }, NextPageToken = page.Count > 0 && page[^1].Epoch < epochs[^1].Epoch ? $"{page[^1].Epoch}" : "" };
    }

    /// <summary>What the same request made when it came before; null: it comes for the first time.</summary>
    private async Task<Job?> MadeBeforeAsync(string id, string requestId, string hash, ServerCallContext context) => await store.FindAsync(id) switch
    {
        null => null,
        var made when made.IsMadeBy(requestId, hash) => await ReadAsync(id, context),
        _ => throw ApiErrors.JobExists(JobRow.MadeByAnother(id)),
    };

    // A job waits for workers that may come. One that verifies others is asked for an answer now.
    private async Task RequireArithmeticAsync(JobRow row, CancellationToken stop)
    {
        var workers = (await directory.ListWorkersAsync(stop)).Workers;
        var had = workers.Select(worker => worker.NumericsFor(row.Spec.WantedArithmetic())).OfType<string>().Distinct().Order(StringComparer.Ordinal).ToList();
        if (workers.Count > 0 && !had.Contains(row.Numerics))
        {
            throw ApiErrors.OtherNumerics(
                $"Job {row.Id} was computed in {row.Numerics}; the workers here have {(had.Count > 0 ? string.Join(", ", had) : "no arithmetic for it")}. Bits can only be compared within one arithmetic: verify it with workers of the release and the kind that trained it.");
        }
    }

    private async Task<Job> ReadAsync(string id, ServerCallContext context)
    {
        RequireId(id);
        var row = await store.FindAsync(id) ?? throw ApiErrors.NotFound(id);
        return row.HasEnded ? row.ToJob() : await directory.AskAsync(new JobEnvelope { Job = id, Get = new GetJob() }, context);
    }

    // Open streams would hold up the process's end.
    private async Task SendAsync<T>(Func<CancellationToken, IAsyncEnumerable<T>> read, IServerStreamWriter<T> writer, ServerCallContext context)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            await foreach (var message in read(stop.Token))
            {
                await writer.WriteAsync(message, stop.Token);
            }
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw ApiErrors.Unavailable("This coordinator is stopping. Try again.");
        }
    }

    // An option that a newer client knows must not vanish.
    private static void RefuseUnknownFields(CreateJobRequest request)
    {
        var unknown = UnknownFields.Of(request);
        if (unknown.Count > 0)
        {
            throw ApiErrors.InvalidJob([.. unknown.Select(path => new FieldViolation(
                path.StartsWith("spec.", StringComparison.Ordinal) ? path["spec.".Length..] : path,
                $"a field of this number is not known to this coordinator, which is of release {TrainerVersion.Current}; leave the option out, or use a coordinator that has it"))]);
        }
    }

    private static string HashOf(IMessage? asked) => Convert.ToHexStringLower(SHA256.HashData(asked?.ToByteArray() ?? []));

    private static string RequestId(string given)
    {
        if (given.Length == 0)
        {
            return Guid.NewGuid().ToString();
        }

        return Guid.TryParse(given, out var id) ? id.ToString() : throw ApiErrors.InvalidField("request_id", $"must be a UUID, got '{given}'");
    }

    // What the store knows is a job's id, and so no path to elsewhere.
    private async Task<JobRow> RequireJobAsync(string id)
    {
        RequireId(id);
        return await store.FindAsync(id) ?? throw ApiErrors.NotFound(id);
    }

    private static void RequireId(string id)
    {
        if (id.Length == 0)
        {
            throw ApiErrors.InvalidField("id", "is required");
        }
    }
}
