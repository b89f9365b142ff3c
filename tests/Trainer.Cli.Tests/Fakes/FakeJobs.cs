using System.Globalization;
using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Fakes;

internal sealed class FakeJobs(FakeApi api) : JobService.JobServiceBase
{
    public override Task<Job> CreateJob(CreateJobRequest request, ServerCallContext context) => Task.FromResult(api.Create(request));

    public override Task<Job> GetJob(GetJobRequest request, ServerCallContext context) => Task.FromResult(api.Find(request.Id));

    public override Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context)
    {
        api.List = request;
        var wanted = api.Jobs.Where(job => request.States.Count == 0 || request.States.Contains(job.State)).ToList();
        var start = request.PageToken.Length > 0 ? int.Parse(request.PageToken, CultureInfo.InvariantCulture) : 0;
        var page = wanted.Skip(start).Take(Math.Min(request.PageSize, 2)).ToList(); // small pages, so that clients have to turn them
        var next = start + page.Count < wanted.Count ? $"{start + page.Count}" : "";
        return Task.FromResult(new ListJobsResponse { Jobs = { page }, NextPageToken = next });
    }

    public override Task<Job> CancelJob(CancelJobRequest request, ServerCallContext context)
    {
        var job = api.Find(request.Id);
        if (job.State is JobState.Succeeded)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, $"Job {job.Id} has ended: succeeded."));
        }

        job.State = JobState.Cancelling;
        return Task.FromResult(job);
    }

    public override Task<Job> SuspendJob(SuspendJobRequest request, ServerCallContext context)
    {
        var job = api.Find(request.Id);
        if (job.Id == api.EndsBefore)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, $"Job {job.Id} has ended: succeeded."));
        }

        (job.State, job.Message) = (api.Suspended, "The user suspends it: a checkpoint is written.");
        return Task.FromResult(job);
    }

    public override Task<Job> ResumeJob(ResumeJobRequest request, ServerCallContext context)
    {
        var job = api.Find(request.Id);
        if (request.Etag.Length > 0 && request.Etag != job.Etag)
        {
            throw new RpcException(new Status(StatusCode.Aborted, $"Job {job.Id} has changed: its etag is {job.Etag}, the request says {request.Etag}."));
        }

        (job.State, job.Message) = (JobState.Queued, "Resumed by the user. Waiting for workers.");
        return Task.FromResult(job);
    }

    public override Task<Job> UpdateJob(UpdateJobRequest request, ServerCallContext context)
    {
        api.Update = request;
        var job = api.Find(request.Job.Id);
        job.Labels.MergeFrom(request.Job.Labels);
        (job.Notes, job.Spec.Cluster) = (request.Job.Notes, job.Spec.Cluster);
        if (request.Job.Spec is null)
        {
            return Task.FromResult(job);
        }

        job.Spec.Cluster = new ClusterSection { MinWorkers = 1, MaxWorkers = request.Job.Spec.Cluster.MaxWorkers };
        return Task.FromResult(job);
    }

    public override Task<Google.Protobuf.WellKnownTypes.Empty> DeleteJob(DeleteJobRequest request, ServerCallContext context)
    {
        api.Jobs.Remove(api.Find(request.Id));
        return Task.FromResult(new Google.Protobuf.WellKnownTypes.Empty());
    }

    public override async Task WatchJobs(WatchJobsRequest request, IServerStreamWriter<WatchJobsResponse> responseStream, ServerCallContext context)
    {
        foreach (var change in api.Changes)
        {
            await responseStream.WriteAsync(change);
        }

        await Task.Delay(Timeout.Infinite, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override Task<Queue> GetQueue(GetQueueRequest request, ServerCallContext context) => Task.FromResult(api.Queue);

    public override Task<GetJournalResponse> GetJournal(GetJournalRequest request, ServerCallContext context)
    {
        api.Find(request.Id);
        return Task.FromResult(new GetJournalResponse { Entries = { api.Journal } });
    }

    public override Task<Job> VerifyJob(VerifyJobRequest request, ServerCallContext context)
    {
        api.Verify = request;
        var job = api.Find(request.Id).Clone();
        (job.Id, job.Message, job.Verification) = ("check-77", "Waiting for workers.", new Verification { Job = request.Id });
        return Task.FromResult(job);
    }

    public override Task<ListArtifactsResponse> ListArtifacts(ListArtifactsRequest request, ServerCallContext context)
    {
        api.Find(request.Id);
        return Task.FromResult(new ListArtifactsResponse { Artifacts = { api.Files.Select(file => new Artifact { Name = file.Key, Bytes = (ulong)file.Value.Length }) } });
    }

    public override Task<ListCheckpointsResponse> ListCheckpoints(ListCheckpointsRequest request, ServerCallContext context)
    {
        api.Find(request.Id);
        return Task.FromResult(new ListCheckpointsResponse { Checkpoints = { api.Checkpoints } });
    }

    public override Task<QueryMetricsResponse> QueryMetrics(QueryMetricsRequest request, ServerCallContext context)
    {
        api.Find(request.Id);
        var loss = new MetricSeries { Metric = "loss", Points = { api.Steps.Select(step => new MetricPoint { Step = step.Step, Value = step.Loss }) } };
        return Task.FromResult(new QueryMetricsResponse { Series = { api.Steps.Count > 0 ? [loss] : [] } });
    }

    public override async Task StreamMetrics(StreamMetricsRequest request, IServerStreamWriter<StepMetrics> responseStream, ServerCallContext context)
    {
        api.Find(request.Id);
        foreach (var step in api.Steps.Where(step => step.Step > request.AfterStep))
        {
            await responseStream.WriteAsync(step);
        }
    }

    public override Task<PruneJobsResponse> PruneJobs(PruneJobsRequest request, ServerCallContext context)
    {
        api.Prunes.Add(request.Clone());
        return Task.FromResult(api.Pruned);
    }

    public override Task<CheckpointSummary> PinCheckpoint(PinCheckpointRequest request, ServerCallContext context)
    {
        var checkpoint = api.Checkpoints.First(there => $"{there.Step}" == request.Checkpoint);
        checkpoint.PinnedBy.Add("user");
        return Task.FromResult(checkpoint);
    }

    public override Task<CheckpointSummary> UnpinCheckpoint(UnpinCheckpointRequest request, ServerCallContext context)
    {
        var checkpoint = api.Checkpoints.First(there => $"{there.Step}" == request.Checkpoint);
        checkpoint.PinnedBy.Remove("user");
        return Task.FromResult(checkpoint);
    }

    public override async Task DownloadArtifact(DownloadArtifactRequest request, IServerStreamWriter<ArtifactChunk> responseStream, ServerCallContext context)
    {
        var file = api.Files[request.Name];
        api.Downloads.Add(request.Offset);
        await responseStream.WriteAsync(new ArtifactChunk { Bytes = (ulong)file.Length });
        var rest = file.AsMemory((int)request.Offset);
        if (api.DownloadBreaks.TryDequeue(out var bytes))
        {
            await responseStream.WriteAsync(new ArtifactChunk { Data = Google.Protobuf.ByteString.CopyFrom(rest[..bytes].Span) });
            throw new RpcException(new Status(StatusCode.Unavailable, "This coordinator is stopping. Try again."));
        }

        await responseStream.WriteAsync(new ArtifactChunk { Data = Google.Protobuf.ByteString.CopyFrom(rest.Span) });
        await responseStream.WriteAsync(new ArtifactChunk { Sha256 = api.DownloadSum ?? Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(file)) });
    }

    public override Task WatchJob(WatchJobRequest request, IServerStreamWriter<Job> responseStream, ServerCallContext context) =>
        api.Watch(responseStream, context.CancellationToken);

    public override Task StreamLogs(StreamLogsRequest request, IServerStreamWriter<LogEntry> responseStream, ServerCallContext context) =>
        api.Logs(request, responseStream);
}
