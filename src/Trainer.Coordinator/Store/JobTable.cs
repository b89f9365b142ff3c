using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Store;

/// <summary>A column of table jobs: how a row gives its value, and how it takes it back.</summary>
/// <param name="Changes">Whether it may differ from one write to the next.</param>
internal sealed record JobColumn(string Name, bool Changes, Func<JobRow, object?> Value, Func<JobRow, object, JobRow> Restore);

/// <summary>Table jobs, column by column: the only place that knows how a <see cref="JobRow"/> is laid out in the database.</summary>
internal static class JobTable
{
    private static readonly JsonSerializerOptions LabelsForm = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JobRow Blank = new()
    {
        Id = "",
        RequestId = "",
        RequestHash = "",
        Spec = new JobSpec(),
        State = JobState.Unspecified,
        Message = "",
        Term = 0,
        Created = default,
        Version = 0,
    };

    public static IReadOnlyList<JobColumn> Columns { get; } =
    [
        Text("id", row => row.Id, (row, value) => row with { Id = value }, changes: false),
        Text("request_id", row => row.RequestId, (row, value) => row with { RequestId = value }, changes: false),
        Text("request_hash", row => row.RequestHash, (row, value) => row with { RequestHash = value }, changes: false),
        Text("spec", row => Json(row.Spec), RestoreSpec, changes: false),
        Time("created", row => row.Created, (row, value) => row with { Created = value }, changes: false),
        Number("state", row => (long)row.State, (row, value) => row with { State = (JobState)value }),
        Text("message", row => row.Message, (row, value) => row with { Message = value }),
        // The writer's right, taken by compare-and-swap alone.
        Number("term", row => (long)row.Term, (row, value) => row with { Term = (ulong)value }, changes: false),
        Number("generation_term", row => (long)row.Generation.Term, (row, value) => row with { Generation = new Generation { Term = (ulong)value } }),
        Number("generation_number", row => (long)row.Generation.Number,
            (row, value) => row with { Generation = new Generation { Term = row.Generation.Term, Number = (ulong)value } }),
        Message("assignment", row => row.Assignment, (row, value) => row with { Assignment = value }),
        Text("numerics", row => row.Numerics, (row, value) => row with { Numerics = value }),
        Time("started", row => row.Started, (row, value) => row with { Started = value }),
        Time("ended", row => row.Ended, (row, value) => row with { Ended = value }),
        Number("version", row => row.Version, (row, value) => row with { Version = value }),
        Message("progress", row => row.Progress, (row, value) => row with { Progress = value }),
        Message("result", row => row.Result, (row, value) => row with { Result = value }),
        Number("desired", row => (long)row.Desired, (row, value) => row with { Desired = (Desired)value }),
        Number("min_workers", row => row.MinWorkersSince, (row, value) => row with { MinWorkersSince = (uint)value }),
        Number("max_workers", row => row.MaxWorkersSince, (row, value) => row with { MaxWorkersSince = (uint)value }),
        Message("committed", row => row.Committed, (row, value) => row with { Committed = value }),
        Messages("checkpoints", row => row.Checkpoints, (row, value) => row with { Checkpoints = value }),
        Messages("evictions", row => row.Evictions, (row, value) => row with { Evictions = value }),
        Message("verification", row => row.Verification, (row, value) => row with { Verification = value }, changes: false),
        Message("origin", row => row.Origin, (row, value) => row with { Origin = value }, changes: false),
        Text("labels", row => JsonSerializer.Serialize(row.Labels, LabelsForm), (row, value) => row with { Labels = LabelsOf(value) }),
        Text("notes", row => row.Notes, (row, value) => row with { Notes = value }),
        Text("creator", row => row.Creator, (row, value) => row with { Creator = value }, changes: false),
        Number("priority", row => row.PrioritySince, (row, value) => row with { PrioritySince = (int)value }),
        Text("name", row => row.Spec.Name, (row, _) => row, changes: false), // For lists by name alone.
    ];

    /// <param name="values">In the order of <see cref="Columns"/>.</param>
    public static JobRow Row(IReadOnlyList<object> values) => Columns.Zip(values).Aggregate(
        Blank, (row, cell) => cell.Second is DBNull ? row : cell.First.Restore(row, cell.Second));

    public static string Json(IMessage message) => ProtoJson.Line(ProtoJson.Compact(message));

    private static ImmutableSortedDictionary<string, string> LabelsOf(string json) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(json)!.ToImmutableSortedDictionary(StringComparer.Ordinal);

    private static JobRow RestoreSpec(JobRow row, string json)
    {
        var unknown = new List<string>();
        return row with { Spec = ProtoJson.Read<JobSpec>(json, unknown), UnknownFields = [.. unknown] };
    }

    private static JobColumn Text(string name, Func<JobRow, string> value, Func<JobRow, string, JobRow> restore, bool changes = true) =>
        new(name, changes, row => StoredText.Of(value(row)), (row, stored) => restore(row, (string)stored));

    private static JobColumn Number(string name, Func<JobRow, long?> value, Func<JobRow, long, JobRow> restore, bool changes = true) =>
        new(name, changes, row => value(row), (row, stored) => restore(row, (long)stored));

    private static JobColumn Time(string name, Func<JobRow, DateTimeOffset?> value, Func<JobRow, DateTimeOffset, JobRow> restore, bool changes = true) =>
        new(name, changes, row => value(row)?.ToUnixTimeMilliseconds(), (row, stored) => restore(row, DateTimeOffset.FromUnixTimeMilliseconds((long)stored)));

    private static JobColumn Message<T>(string name, Func<JobRow, T?> value, Func<JobRow, T, JobRow> restore, bool changes = true)
        where T : class, IMessage, new() =>
        new(name, changes, row => value(row) is { } message ? Json(message) : null, (row, stored) => restore(row, ProtoJson.Read<T>((string)stored)));

    private static JobColumn Messages<T>(string name, Func<JobRow, ImmutableList<T>> value, Func<JobRow, ImmutableList<T>, JobRow> restore)
        where T : class, IMessage, new() =>
        new(name, Changes: true, row => string.Join('\n', value(row).Select(message => Json(message))),
            (row, stored) => restore(row, [.. ((string)stored).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ProtoJson.Read<T>)]));
}
