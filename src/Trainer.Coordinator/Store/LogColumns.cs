using Google.Protobuf.WellKnownTypes;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>A row of table log as the database types it.</summary>
internal sealed record LogColumns(long Sequence, long Time, string Source, string Message, long Level)
{
    public LogEntry ToEntry() => new()
    {
        Sequence = Sequence,
        Time = Timestamp.FromDateTimeOffset(DateTimeOffset.FromUnixTimeMilliseconds(Time)),
        Source = Source,
        Message = Message,
        Level = (LogSeverity)Level,
    };
}
