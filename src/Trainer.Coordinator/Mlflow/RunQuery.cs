using System.Globalization;
using System.Text;
using Trainer.Coordinator.Http;
using Trainer.Protos;

namespace Trainer.Coordinator.Mlflow;

/// <summary>What a search of runs means in the API's own words: MLflow's filters and orders, as far as jobs have them. The rest is refused.</summary>
/// <param name="FitsNone">No job can be among them.</param>
internal sealed record RunQuery(IReadOnlyList<JobState> States, string Filter, string OrderBy, bool FitsNone)
{
    private const string Fields = "attributes.status, attributes.run_name, attributes.user_id, attributes.start_time or tags.KEY, KEY being a label's";

    private static readonly string[] Signs = ["<=", ">=", "!=", "=", "<", ">"];
    private static readonly string[] Statuses = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

    private static IEnumerable<JobState> AllStates => Enum.GetValues<JobState>().Where(state => state != JobState.Unspecified);

    /// <exception cref="HttpFault">It asks for what jobs have not.</exception>
    public static RunQuery Of(string filter, IReadOnlyList<string> orderBy)
    {
        var (reader, conditions, states) = (new Reader(filter), new List<string>(), AllStates.ToList());
        while (!reader.AtEnd)
        {
            var (field, sign, value) = reader.Condition();
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

        var words = orderBy[0].Replace("`", "", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var field = words.Length is 1 or 2 ? Field(words[0]) : null;
        var direction = words.Length < 2 || words[1].Equals("ASC", StringComparison.OrdinalIgnoreCase) ? "" : words[1].Equals("DESC", StringComparison.OrdinalIgnoreCase) ? " desc" : null;
        return field is "start_time" or "name" or "status" && direction is not null
            ? $"{field switch { "start_time" => "create_time", "status" => "state", _ => "name" }}{direction}"
            : throw Fault($"order_by: expected attributes.start_time, attributes.run_name or attributes.status, with ASC or DESC behind it, got '{orderBy[0]}'");
    }

    private static DateTimeOffset Time(string milliseconds) =>
        long.TryParse(milliseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var time) && time < DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(time)
            : throw Fault($"start_time: expected milliseconds since 1970, got '{milliseconds}'");

    private static HttpFault Fault(string problem) => new("filter", problem);

    private sealed class Reader(string text)
    {
        private int _at;

        public bool AtEnd
        {
            get
            {
                while (_at < text.Length && char.IsWhiteSpace(text[_at]))
                {
                    _at++;
                }

                return _at == text.Length;
            }
        }

        /// <summary>FIELD SIGN VALUE, and AND behind it where there is another.</summary>
        public (string Field, string Sign, string Value) Condition()
        {
            var field = Name();
            var rest = AtEnd ? "" : text[_at..];
            var sign = Array.Find(Signs, one => rest.StartsWith(one, StringComparison.Ordinal)) ?? throw Fault($"expected =, !=, <, <=, > or >= behind '{field}'; LIKE, ILIKE and IN are not supported here");
            _at += sign.Length;
            var value = Value();
            if (!AtEnd)
            {
                var and = Word();
                if (!and.Equals("AND", StringComparison.OrdinalIgnoreCase) || AtEnd)
                {
                    throw Fault($"expected AND and a condition behind '{value}'; OR, NOT and parentheses are not supported");
                }
            }

            return (field, sign, value);
        }

        // attributes.status, tags.`app/name`, `start_time`.
        private string Name()
        {
            var name = new StringBuilder();
            for (_ = AtEnd; _at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '_' or '.' or '-' or '/' or '`' or '"');)
            {
                name.Append(text[_at] is '`' or '"' ? Quoted() : text[_at++].ToString());
            }

            return name.Length > 0 ? name.ToString() : throw Fault($"expected {Fields}, got {(AtEnd ? "the end" : $"'{text[_at]}'")}");
        }

        private string Value() => !AtEnd && text[_at] is '\'' or '"' ? Quoted() : Word();

        private string Quoted()
        {
            var (quote, begin) = (text[_at], _at + 1);
            _at = text.IndexOf(quote, begin);
            return _at++ >= 0 ? text[begin..(_at - 1)] : throw Fault("a quotation mark is not closed");
        }

        private string Word()
        {
            _ = AtEnd; // Passes over blanks.
            var begin = _at;
            while (_at < text.Length && char.IsAsciiLetterOrDigit(text[_at]))
            {
                _at++;
            }

            return _at > begin ? text[begin.._at] : throw Fault($"expected a value in single quotes{(AtEnd ? "" : $", got '{text[_at]}'")}");
        }
    }
}
