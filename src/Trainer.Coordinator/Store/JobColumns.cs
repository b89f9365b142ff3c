using Google.Protobuf.WellKnownTypes;
using Trainer.Kernels.Canonical;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Store;

/// <summary>A row of table jobs as the database types it.</summary>
internal sealed record JobColumns
{
    public string Id { get; init; } = "";

    public string RequestId { get; init; } = "";

    public string Spec { get; init; } = "";

    public long State { get; init; }

    public string Message { get; init; } = "";

    public long Term { get; init; }

    public long GenerationTerm { get; init; }

    public long GenerationNumber { get; init; }

    public string? Assignment { get; init; }

    public string Numerics { get; init; } = "";

    public long Created { get; init; }

    public long? Started { get; init; }

    public long? Ended { get; init; }

    public long Version { get; init; }

    public string? Progress { get; init; }

    public string? Result { get; init; }

    public static JobColumns Of(JobRow row) => new()
    {
        Id = row.Id,
        RequestId = row.RequestId,
        Spec = ProtoJson.Write(row.Spec),
        State = (long)row.State,
        Message = row.Message,
        Term = (long)row.Term,
        GenerationTerm = (long)row.Generation.Term,
        GenerationNumber = (long)row.Generation.Number,
        Assignment = ProtoJson.WriteOptional(row.Assignment),
        Numerics = row.Numerics,
        Created = row.Created.ToUnixTimeMilliseconds(),
        Started = row.Started?.ToUnixTimeMilliseconds(),
        Ended = row.Ended?.ToUnixTimeMilliseconds(),
        Version = row.Version,
        Progress = ProtoJson.WriteOptional(row.Progress),
        Result = ProtoJson.WriteOptional(row.Result),
    };

    public JobRow ToRow(IEnumerable<string> transitions, IEnumerable<string> epochs) => new()
    {
        Id = Id,
        RequestId = RequestId,
        Spec = ProtoJson.Read<JobSpec>(Spec),
        State = (JobState)State,
        Message = Message,
        Term = (ulong)Term,
        Generation = new Generation { Term = (ulong)GenerationTerm, Number = (ulong)GenerationNumber },
        Assignment = ProtoJson.ReadOptional<Assignment>(Assignment),
        Numerics = Numerics,
        Created = DateTimeOffset.FromUnixTimeMilliseconds(Created),
        Started = Time(Started),
        Ended = Time(Ended),
        Version = Version,
        Progress = ProtoJson.ReadOptional<Progress>(Progress),
        Result = ProtoJson.ReadOptional<Result>(Result),
        Transitions = [.. transitions.Select(ProtoJson.Read<Transition>)],
        Epochs = [.. epochs.Select(ProtoJson.Read<EpochSummary>)],
    };

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;
}

/// <summary>A row of table log as the database types it.</summary>
internal sealed record LogColumns
{
    /// <summary>Log lines that tell of a job's own transitions.</summary>
    private const string JobSource = "job";

    public long Sequence { get; init; }

    public long Time { get; init; }

    public string Source { get; init; } = "";

    public string Message { get; init; } = "";

    public static object Of(string job, Transition transition) => new
    {
        id = job,
        source = JobSource,
        message = $"{transition.State.ToString().ToUpperInvariant()} ({transition.Reason}): {transition.Message}",
        time = transition.Time.ToDateTimeOffset().ToUnixTimeMilliseconds(),
    };

    public LogEntry ToEntry() => new()
    {
        Sequence = Sequence,
        Time = Timestamp.FromDateTimeOffset(DateTimeOffset.FromUnixTimeMilliseconds(Time)),
        Source = Source,
        Message = Message,
    };
}
