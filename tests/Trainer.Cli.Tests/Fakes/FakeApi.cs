using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Fakes;

/// <summary>What the fake answers.</summary>
internal sealed class FakeApi
{
    public Func<CreateJobRequest, Job> Create { get; set; } = _ => throw new RpcException(new Status(StatusCode.Unimplemented, ""));

    public List<Job> Jobs { get; } = [];

    /// <summary>What a job is at once when it is to be suspended.</summary>
    public JobState Suspended { get; set; } = JobState.Suspending;

    /// <summary>A job that ends just before it is told to suspend; empty: none.</summary>
    public string EndsBefore { get; set; } = "";

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
