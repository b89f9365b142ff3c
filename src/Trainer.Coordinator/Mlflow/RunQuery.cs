using System.Globalization;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Http;
using Trainer.Protos;

namespace Trainer.Coordinator.Mlflow;

/// <summary>What a search of runs means in the API's own words: MLflow's filters and orders, as far as jobs have them. The rest is refused.</summary>
/// <param name="FitsNone">No job can be among them.</param>
internal sealed record RunQuery(IReadOnlyList<JobState> States, string Filter, string OrderBy, bool FitsNone)
{
    private const string Fields = "attributes.status, attributes.run_name, attributes.user_id, attributes.start_time or tags.KEY, KEY being a label's";

    private const string NameQuotes = "`\"";

    private static readonly string[] Statuses = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

    private static IEnumerable<JobState> AllStates => Enum.GetValues<JobState>().Where(state => state != JobState.Unspecified);

    /// <exception cref="HttpFault">It asks for what jobs have not.</exception>
    public static RunQuery Of(string filter, IReadOnlyList<string> orderBy)
    {
        var (reader, conditions, states) = (new ConditionReader(filter, (problem, _) => Fault(problem)), new List<string>(), AllStates.ToList());
        while (!reader.AtEnd)
        {
            var field = Name(reader);
            var (sign, value) = (reader.Sign(field, "; LIKE, ILIKE and IN are not supported here"), Value(reader));
            reader.And(StringComparison.OrdinalIgnoreCase);
            switch (Field(field))
            {
                case "status":
                    if (!Statuses.Contains(value, StringComparer.Ordinal) || sign is not ("=" or "!="))
                    {
                        throw Fault($"status: expected = or != and one of {string.Join(", ", Statuses)}, got {sign} '{value}'");
                    }

                    states.RemoveAll(state => JobAsRun.Status(state) == value != (sign == "="));
                    break;
                case "start_time":
                    conditions.Add($"create_time {sign} \"{Time(value):yyyy-MM-dd'T'HH:mm:ss.fff'Z'}\"");
                    break;
                case { } known:
                    conditions.Add($"{known} {sign} \"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
                    break;
                default:
                    throw Fault($"'{field}' cannot be searched by: expected {Fields}");
            }
        }

        return new RunQuery(states.Count == AllStates.Count() ? [] : states, string.Join(" AND ", conditions), Order(orderBy), states.Count == 0);
    }

    private static string? Field(string name)
    {
        var (scope, key) = name.IndexOf('.', StringComparison.Ordinal) is var dot and > 0 ? (name[..dot], name[(dot + 1)..]) : ("attributes", name);
        return (scope.ToLowerInvariant(), key) switch
        {
            ("attributes" or "attribute" or "attr" or "run", "status") => "status",
            ("attributes" or "attribute" or "attr" or "run", "run_name" or "run name" or "Run name") or ("tags" or "tag", "mlflow.runName") => "name",
            ("attributes" or "attribute" or "attr" or "run", "user_id") or ("tags" or "tag", "mlflow.user") => "creator",
            ("attributes" or "attribute" or "attr" or "run", "start_time" or "created") => "start_time",
            ("tags" or "tag", _) when !key.StartsWith("mlflow.", StringComparison.Ordinal) && !key.StartsWith("trainer.", StringComparison.Ordinal) && !key.Contains('"', StringComparison.Ordinal) => $"labels.\"{key}\"",
            _ => null,
        };
    }

    private static string Order(IReadOnlyList<string> orderBy)
    {
        if (orderBy.Count == 0)
        {
            return "create_time desc";
        }

        if (orderBy.Count > 1)
        {
            throw new HttpFault("order_by", $"one is supported here, got {orderBy.Count}");
        }

        var words = orderBy[0].Replace("`", "", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var field = words.Length is 1 or 2 ? Field(words[0]) : null;
        var direction = words.Length < 2 || words[1].Equals("ASC", StringComparison.OrdinalIgnoreCase) ? "" : words[1].Equals("DESC", StringComparison.OrdinalIgnoreCase) ? " desc" : null;
        return field is "start_time" or "name" or "status" && direction is not null
            ? $"{field switch { "start_time" => "create_time", "status" => "state", _ => "name" }}{direction}"
            : throw new HttpFault("order_by", $"expected attributes.start_time, attributes.run_name or attributes.status, with ASC or DESC behind it, got '{orderBy[0]}'");
    }

    private static DateTimeOffset Time(string milliseconds) =>
        long.TryParse(milliseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var time) && time < DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(time)
            : throw Fault($"start_time: expected milliseconds since 1970, got '{milliseconds}'");

    private static HttpFault Fault(string problem) => new("filter", problem);

    // attributes.status, tags.`app/name`, `start_time`.
    private static string Name(ConditionReader reader)
    {
        var scope = reader.IsNext(NameQuotes) ? "" : reader.Word(Fields);
        return (scope.Length == 0 || scope[^1] == '.') && reader.IsNext(NameQuotes) ? scope + reader.Quoted(hasEscapes: false) : scope;
    }

    private static string Value(ConditionReader reader) => reader.IsNext("'\"") ? reader.Quoted(hasEscapes: false) : reader.Word("a value in single quotes");
}
