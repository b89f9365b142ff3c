using System.Collections.Immutable;
using System.Globalization;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Reads filters of lists: <c>state = RUNNING AND labels.team != "vision" AND create_time >= 2026-01-01</c> (the part of Google AIP-160 that jobs need).</summary>
internal sealed class JobFilterText
{
    private const string Fields = "state, name, creator, create_time or labels.KEY";
    private const int MostConditions = 32;

    private readonly ConditionReader _reader;

    private JobFilterText(string text) => _reader = new ConditionReader(text, (problem, at) => ApiErrors.InvalidField("filter", $"{problem} (at character {at} of '{text}')"));

    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT: says what is wrong, and where.</exception>
    public static JobFilter Read(string text)
    {
        var (filter, conditions) = (new JobFilterText(text), ImmutableArray.CreateBuilder<JobCondition>());
        while (!filter._reader.AtEnd)
        {
            if (conditions.Count == MostConditions)
            {
                throw filter.Fault($"more than {MostConditions} conditions");
            }

            conditions.Add(filter.Condition());
            filter._reader.And(StringComparison.Ordinal);
        }

        return new JobFilter(conditions.ToImmutable());
    }

    private JobCondition Condition()
    {
        var field = _reader.Word(Fields);
        if (field == "labels." && _reader.IsNext("\""))
        {
            field += Value(); // labels."app.kubernetes.io/name"
        }

        var comparison = Comparison(field);
        return field switch
        {
            "state" => new JobCondition(JobField.State, "", Equality(field, comparison), State(Value())),
            "name" => new JobCondition(JobField.Name, "", Equality(field, comparison), Value()),
            "creator" => new JobCondition(JobField.Creator, "", Equality(field, comparison), Value()),
            "create_time" => new JobCondition(JobField.CreateTime, "", comparison, Time(Value())),
            _ when field.StartsWith("labels.", StringComparison.Ordinal) && LabelRules.IsKey(field["labels.".Length..]) =>
                new JobCondition(JobField.Label, field["labels.".Length..], Equality(field, comparison), Value()),
            _ when field.StartsWith("labels.", StringComparison.Ordinal) => throw Fault($"'{field["labels.".Length..]}' is no label's key: expected {LabelRules.Key}"),
            _ => throw Fault($"there is no field '{field}': expected {Fields}"),
        };
    }

    private JobComparison Comparison(string field) => _reader.Sign(field) switch
    {
        "=" => JobComparison.Equal,
        "!=" => JobComparison.NotEqual,
        "<" => JobComparison.Less,
        "<=" => JobComparison.LessOrEqual,
        ">" => JobComparison.Greater,
        _ => JobComparison.GreaterOrEqual,
    };

    private string Value() => _reader.IsNext("\"") ? _reader.Quoted(hasEscapes: true) : _reader.Word("a value");

    private JobComparison Equality(string field, JobComparison comparison) =>
        comparison is JobComparison.Equal or JobComparison.NotEqual ? comparison : throw Fault($"'{field}' can be compared by = and != alone");

    private object State(string name) => Enum.TryParse<JobState>(name, ignoreCase: true, out var state) && state != JobState.Unspecified && !char.IsAsciiDigit(name[0])
        ? (long)state
        : throw Fault($"state: expected {JobStates.EitherName}, got '{name}'");

    private object Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUnixTimeMilliseconds()
            : throw Fault($"create_time: expected a time as 2026-01-31T12:00:00Z, got '{text}'");

    private Exception Fault(string problem) => _reader.Fault(problem);
}
