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
    private static readonly string[] Signs = ["<=", ">=", "!=", "=", "<", ">"];

    private readonly string _text;
    private int _at;

    private JobFilterText(string text) => _text = text;

    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT: says what is wrong, and where.</exception>
    public static JobFilter Read(string text)
    {
        var (reader, conditions) = (new JobFilterText(text), ImmutableArray.CreateBuilder<JobCondition>());
        while (!reader.AtEnd)
        {
            if (conditions.Count == MostConditions)
            {
                throw reader.Fault($"more than {MostConditions} conditions");
            }

            conditions.Add(reader.Condition());
            if (!reader.AtEnd && reader.Word("AND") is var and && (!and.Equals("AND", StringComparison.Ordinal) || reader.AtEnd))
            {
                throw reader.Fault($"expected {(and == "AND" ? "a condition behind AND" : $"AND between conditions, got '{and}'; OR, NOT and parentheses are not supported")}");
            }
        }

        return new JobFilter(conditions.ToImmutable());
    }

    private bool AtEnd
    {
        get
        {
            while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
            {
                _at++;
            }

            return _at == _text.Length;
        }
    }

    private JobCondition Condition()
    {
        var field = Word(Fields);
        if (field == "labels." && !AtEnd && _text[_at] == '"')
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

    private string Word(string expected)
    {
        _ = AtEnd; // Passes over blanks.
        var begin = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '_' or '.' or '-' or '/' or ':' or '+'))
        {
            _at++;
        }

        return _at > begin ? _text[begin.._at] : throw Fault($"expected {expected}, got {(AtEnd ? "the end" : $"'{_text[_at]}'")}");
    }

    private JobComparison Comparison(string field)
    {
        var rest = AtEnd ? "" : _text[_at..];
        var sign = Array.Find(Signs, sign => rest.StartsWith(sign, StringComparison.Ordinal)) ?? throw Fault($"expected =, !=, <, <=, > or >= behind '{field}'");
        _at += sign.Length;
        return sign switch
        {
            "=" => JobComparison.Equal,
            "!=" => JobComparison.NotEqual,
            "<" => JobComparison.Less,
            "<=" => JobComparison.LessOrEqual,
            ">" => JobComparison.Greater,
            _ => JobComparison.GreaterOrEqual,
        };
    }

    private string Value()
    {
        if (AtEnd || _text[_at] != '"')
        {
            return Word("a value");
        }

        var value = new System.Text.StringBuilder();
        for (_at++; _at < _text.Length; _at++)
        {
            if (_text[_at] == '"')
            {
                _at++;
                return value.ToString();
            }

            _at += _text[_at] == '\\' && _at + 1 < _text.Length ? 1 : 0;
            value.Append(_text[_at]);
        }

        throw Fault("a quotation mark is not closed");
    }

    private JobComparison Equality(string field, JobComparison comparison) =>
        comparison is JobComparison.Equal or JobComparison.NotEqual ? comparison : throw Fault($"'{field}' can be compared by = and != alone");

    private object State(string name) => Enum.TryParse<JobState>(name, ignoreCase: true, out var state) && state != JobState.Unspecified && !char.IsAsciiDigit(name[0])
        ? (long)state
        : throw Fault($"state: expected {JobStates.EitherName}, got '{name}'");

    private object Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUnixTimeMilliseconds()
            : throw Fault($"create_time: expected a time as 2026-01-31T12:00:00Z, got '{text}'");

    private Exception Fault(string problem) => ApiErrors.InvalidField("filter", $"{problem} (at character {_at} of '{_text}')");
}
