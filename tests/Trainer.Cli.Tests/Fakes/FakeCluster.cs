using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Trainer.Hosting.Run;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Fakes;

/// <summary>The job API on loopback, scripted by a test; published in a run folder as a coordinator's would be.</summary>
internal sealed class FakeCluster : IAsyncDisposable
{
    private readonly WebApplication _app;
    private IDisposable? _publication;

    private FakeCluster(WebApplication app, FakeApi api, string token)
    {
        _app = app;
        Api = api;
        Token = token;
        Endpoint = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
    }

    public FakeApi Api { get; }

    public string Token { get; }

    public string Endpoint { get; }

    /// <param name="home">$TRAINER_HOME of the client; null: published nowhere.</param>
    public static async Task<FakeCluster> StartAsync(FakeApi api, string? home = null)
    {
        var run = home is null ? null : RunFolder.OpenOrCreate(Path.Combine(home, "run"));
        var token = run?.Token ?? "a-token";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(api);
        var app = builder.Build();
        app.Use(async (context, next) =>
        {
            if (context.Request.Headers.Authorization != $"Bearer {token}")
            {
                context.Response.ContentType = "application/grpc";
                context.Response.Headers["grpc-status"] = ((int)StatusCode.Unauthenticated).ToString(CultureInfo.InvariantCulture);
                return;
            }
            await next();
        });
        app.MapGrpcService<FakeJobs>();
        app.MapGrpcService<FakeWorkers>();
        app.MapGrpcService<FakeSystem>();
        app.MapGrpcService<FakeTokens>();
        app.MapGrpcService<FakeDataSets>();
        await app.StartAsync();
        var cluster = new FakeCluster(app, api, token);
        cluster._publication = run?.Publish(ProcessEndpoint.OfThisProcess("coordinator", "coordinator", "akka.tcp://trainer@127.0.0.1:7", cluster.Endpoint, "http://127.0.0.1:13"));
        return cluster;
    }

    /// <summary>Ends as a killed process does: connections break.</summary>
    public async ValueTask DisposeAsync()
    {
        _publication?.Dispose();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}

/// <summary>What the fake answers.</summary>
internal sealed class FakeApi
{
    public Func<CreateJobRequest, Job> Create { get; set; } = _ => throw new RpcException(new Status(StatusCode.Unimplemented, ""));

    public List<Job> Jobs { get; } = [];

    public Func<IServerStreamWriter<Job>, CancellationToken, Task> Watch { get; set; } = (_, _) => Task.CompletedTask;

    public Func<StreamLogsRequest, IServerStreamWriter<LogEntry>, Task> Logs { get; set; } = (_, _) => Task.CompletedTask;

    public List<Worker> Workers { get; } = [];

    public List<JournalEntry> Journal { get; } = [];

    public VerifyJobRequest? Verify { get; set; }

    /// <summary>Artifacts of every job, by name.</summary>
    public SortedDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Of every job, by item.</summary>
    public List<StepMetrics> Steps { get; } = [];

    public List<CheckpointSummary> Checkpoints { get; } = [];

    /// <summary>The SHA-256 that downloads tell; null: the right one.</summary>
    public string? DownloadSum { get; set; }

    /// <summary>Where downloads began.</summary>
    public List<ulong> Downloads { get; } = [];

    /// <summary>The first downloads break after so many bytes each.</summary>
    public Queue<int> DownloadBreaks { get; } = new();

    public UpdateJobRequest? Update { get; set; }

    /// <summary>What was asked last of that worker: drain or undrain.</summary>
    public (string Worker, bool Drained)? Drain { get; set; }

    public Queue Queue { get; } = new();

    /// <summary>What WatchJobs sends, and then nothing more.</summary>
    public List<WatchJobsResponse> Changes { get; } = [];

    public ListJobsRequest? List { get; set; }

    public List<PruneJobsRequest> Prunes { get; } = [];

    public PruneJobsResponse Pruned { get; } = new();

    public List<Quarantine> Quarantines { get; } = [];

    public List<Token> Tokens { get; } = [];

    public List<PushedDataSet> DataSets { get; } = [];

    /// <summary>What was uploaded of the last data set.</summary>
    public MemoryStream Uploaded { get; } = new();

    /// <summary>So many uploads are answered; the next one is lost.</summary>
    public int UploadsUntilLoss { get; set; } = int.MaxValue;

    public Job Find(string id) =>
        Jobs.FirstOrDefault(job => job.Id == id) ?? throw new RpcException(new Status(StatusCode.NotFound, $"There is no job '{id}'."));
}

internal sealed class FakeTokens(FakeApi api) : TokenService.TokenServiceBase
{
    public override Task<CreateTokenResponse> CreateToken(CreateTokenRequest request, ServerCallContext context)
    {
        if (request.User == "nobody")
        {
            throw new RpcException(new Status(StatusCode.PermissionDenied, "TokenService.CreateToken needs the role admin."));
        }

        var token = new Token { Id = "6ed2ujta4p", User = request.User, Role = request.Role, ExpireTime = request.ExpireTime, CreatedBy = "root", CreateTime = new() { Seconds = 1_764_000_000 } };
        api.Tokens.Add(token);
        return Task.FromResult(new CreateTokenResponse { Token = token, Secret = "trainer_secret" });
    }

    public override Task<ListTokensResponse> ListTokens(ListTokensRequest request, ServerCallContext context) => Task.FromResult(new ListTokensResponse { Tokens = { api.Tokens } });

    public override Task<RevokeTokenResponse> RevokeToken(RevokeTokenRequest request, ServerCallContext context) => api.Tokens.RemoveAll(token => token.Id == request.Id) > 0
        ? Task.FromResult(new RevokeTokenResponse())
        : throw new RpcException(new Status(StatusCode.NotFound, $"There is no token {request.Id}."));
}

/// <summary>Parts of 1000 bytes, in their order.</summary>
internal sealed class FakeDataSets(FakeApi api) : DataSetService.DataSetServiceBase
{
    public override Task<PushedDataSet> CreateDataSet(CreateDataSetRequest request, ServerCallContext context)
    {
        var id = $"{request.Name}@{request.Sha256}";
        if (api.DataSets.FirstOrDefault(set => set.Id == id) is not { } there)
        {
            there = new PushedDataSet { Id = id, Name = request.Name, Sha256 = request.Sha256, Bytes = request.Bytes, PartBytes = 1000, State = PushedDataSet.Types.State.Uploading, CreateTime = new() { Seconds = 1_764_000_000 }, Creator = "ada" };
            api.DataSets.Add(there);
        }

        return Task.FromResult(there);
    }

    public override Task<PushedDataSet> UploadDataSet(UploadDataSetRequest request, ServerCallContext context)
    {
        if (api.UploadsUntilLoss-- == 0)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "The coordinator is stopping."));
        }

        var set = api.DataSets.Single(set => set.Id == request.Id);
        Assert.Equal((set.ReceivedBytes, (ulong)api.Uploaded.Length), (request.Offset, request.Offset));
        api.Uploaded.Write(request.Data.Span);
        set.ReceivedBytes += (ulong)request.Data.Length;
        if (set.ReceivedBytes == set.Bytes)
        {
            (set.State, set.TrainSamples, set.TestSamples, set.Classes) = (PushedDataSet.Types.State.Ready, 3, 1, 2);
        }

        return Task.FromResult(set);
    }

    public override Task<ListDataSetsResponse> ListDataSets(ListDataSetsRequest request, ServerCallContext context) => Task.FromResult(new ListDataSetsResponse { DataSets = { api.DataSets } });

    public override Task<Google.Protobuf.WellKnownTypes.Empty> DeleteDataSet(DeleteDataSetRequest request, ServerCallContext context) => api.DataSets.RemoveAll(set => set.Id == request.Id) > 0
        ? Task.FromResult(new Google.Protobuf.WellKnownTypes.Empty())
        : throw new RpcException(new Status(StatusCode.NotFound, $"There is no data set {request.Id}."));
}

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
        (job.State, job.Message) = (JobState.Suspending, "The user suspends it: a checkpoint is written.");
        return Task.FromResult(job);
    }

    public override Task<Job> ResumeJob(ResumeJobRequest request, ServerCallContext context)
    {
        var job = api.Find(request.Id);
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

internal sealed class FakeWorkers(FakeApi api) : WorkerService.WorkerServiceBase
{
    public override Task<ListWorkersResponse> ListWorkers(ListWorkersRequest request, ServerCallContext context) =>
        Task.FromResult(new ListWorkersResponse { Workers = { api.Workers }, Quarantines = { api.Quarantines } });

    public override Task<ClearWorkerResponse> ClearWorker(ClearWorkerRequest request, ServerCallContext context)
    {
        var cleared = api.Quarantines.Where(entry => entry.Machine == request.Name && (request.Device.Length == 0 || entry.Device == request.Device)).ToList();
        return cleared.Count > 0
            ? Task.FromResult(new ClearWorkerResponse { Cleared = { cleared } })
            : throw new RpcException(new Status(StatusCode.NotFound, $"Nothing of machine or worker {request.Name} is in quarantine."));
    }

    public override Task<Job> AdoptWorker(AdoptWorkerRequest request, ServerCallContext context)
    {
        var job = api.Find(Orphan(request.Name).Job);
        (job.State, job.Message) = (JobState.Recovering, "The store did not know this job.");
        return Task.FromResult(job);
    }

    public override Task<ReleaseWorkerResponse> ReleaseWorker(ReleaseWorkerRequest request, ServerCallContext context)
    {
        Orphan(request.Name).Job = "";
        return Task.FromResult(new ReleaseWorkerResponse());
    }

    private Worker Orphan(string name) => api.Workers.Find(worker => worker.Name == name && worker.Orphaned)
        ?? throw new RpcException(new Status(StatusCode.FailedPrecondition, $"Worker {name} serves no job."));

    public override Task<DrainWorkerResponse> DrainWorker(DrainWorkerRequest request, ServerCallContext context)
    {
        api.Drain = (Find(request.Name).Name, true);
        return Task.FromResult(new DrainWorkerResponse());
    }

    public override Task<UndrainWorkerResponse> UndrainWorker(UndrainWorkerRequest request, ServerCallContext context)
    {
        api.Drain = (Find(request.Name).Name, false);
        return Task.FromResult(new UndrainWorkerResponse());
    }

    public override Task<Worker> GetWorker(GetWorkerRequest request, ServerCallContext context) => Task.FromResult(Find(request.Name));

    private Worker Find(string name) =>
        api.Workers.Find(worker => worker.Name == name) ?? throw new RpcException(new Status(StatusCode.NotFound, $"There is no worker {name}."));
}

internal sealed class FakeSystem : SystemService.SystemServiceBase
{
    public override Task<SystemVersion> GetVersion(GetVersionRequest request, ServerCallContext context) =>
        Task.FromResult(new SystemVersion { Release = Hosting.TrainerVersion.Current, Api = "trainer.v1", Numerics = "canonical-7", ClusterProtocol = 5 });

    public override async Task<SystemInfo> GetInfo(GetInfoRequest request, ServerCallContext context) => new()
    {
        Version = await GetVersion(new GetVersionRequest(), context),
        Coordinator = "coordinator",
        StartTime = new Google.Protobuf.WellKnownTypes.Timestamp { Seconds = 1_000 },
        Time = new Google.Protobuf.WellKnownTypes.Timestamp { Seconds = 1_090 },
        Workers = 3,
        IdleWorkers = 1,
        Jobs = { new JobCount { State = JobState.Running, Count = 2 } },
    };
}
