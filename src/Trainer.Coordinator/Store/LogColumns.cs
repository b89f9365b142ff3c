using Google.Protobuf.WellKnownTypes;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

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
        message = $"{transition.State.Name()} ({transition.Reason}): {transition.Message}",
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
