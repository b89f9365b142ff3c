using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Trainer.Coordinator.Tests.Outbox;

namespace Trainer.Coordinator.Tests.Mlflow;

/// <summary>
/// A tracking server as MLflow's REST documentation has it, for what it takes to log runs: it refuses unknown fields, batches above the documented limits, and parameters that change; metrics that come
/// twice are there twice, but for equal ones. It is ours, so it shows what the documentation says and no more.
/// </summary>
internal sealed partial class FakeMlflow : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<string> _experiments = ["Default"];
    private readonly Func<string> _refuse;
    private OtherProgram _program = null!;

    private FakeMlflow(Func<string> refuse) => _refuse = refuse;

    public Uri Address => new(_program.Address, "/tracking/");

    public int Port => _program.Port;

    public IReadOnlyCollection<Received> Received => _program.Received;

    public List<Run> Runs { get; private init; } = [];

    public int Batches { get; private set; }

    /// <param name="refuse">Before each request: a status to answer with instead; empty: none.</param>
    public static async Task<FakeMlflow> StartAsync(Func<string>? refuse = null, int port = 0, List<Run>? runs = null)
    {
        var server = new FakeMlflow(refuse ?? (() => "")) { Runs = runs ?? [] };
        server._program = await OtherProgram.StartAsync(server.AnswerAsync, port);
        return server;
    }

    public T Read<T>(Func<FakeMlflow, T> read)
    {
        lock (_lock)
        {
            return read(this);
        }
    }

    public ValueTask DisposeAsync() => _program.DisposeAsync();

    private async Task AnswerAsync(HttpContext http, Received request)
    {
        if (_refuse() is { Length: > 0 } status)
        {
            http.Response.StatusCode = int.Parse(status, System.Globalization.CultureInfo.InvariantCulture);
            return;
        }

        JsonObject answer;
        try
        {
            lock (_lock)
            {
                answer = Answer(http.Request, request);
            }
        }
        catch (Refusal refused)
        {
            http.Response.StatusCode = refused.Status;
            answer = new JsonObject { ["error_code"] = refused.Code, ["message"] = refused.Message };
        }

        await http.Response.WriteAsync(answer.ToJsonString());
    }

    private JsonObject Answer(HttpRequest http, Received request)
    {
        var path = http.Path.Value!.Replace("/tracking/api/2.0/mlflow/", "", StringComparison.Ordinal);
        if (path == "experiments/get-by-name")
        {
            var number = _experiments.IndexOf(http.Query["experiment_name"].ToString());
            return number >= 0 ? new JsonObject { ["experiment"] = new JsonObject { ["experiment_id"] = $"{number}", ["name"] = _experiments[number] } } : throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", "Could not find it");
        }

        if (http.ContentType is not ['a', 'p', 'p', ..])
        {
            throw new Refusal(400, "BAD_REQUEST", "Bad Request. Content-Type must be application/json");
        }

        Require(request.Body.Length <= 1 << 20, "a request of more than 1 MB");
        var body = JsonNode.Parse(request.Body)!.AsObject();
        switch (path)
        {
            case "experiments/create":
                Fields(body, "name");
                _experiments.Add((string)body["name"]!);
                return new JsonObject { ["experiment_id"] = $"{_experiments.Count - 1}" };
            case "runs/search":
                Fields(body, "experiment_ids", "filter", "run_view_type", "max_results", "order_by");
                Require((string)body["order_by"]!.AsArray().Single()! == "attributes.start_time ASC", "the order");
                var wanted = TagConditions().Matches((string)body["filter"]!);
                Require(wanted.Count == 2, "the filter");
                return new JsonObject { ["runs"] = new JsonArray([.. Runs.Where(run => wanted.All(tag => run.Tags.GetValueOrDefault(tag.Groups["key"].Value) == tag.Groups["value"].Value)).OrderBy(run => run.Start).ThenBy(run => run.Id, StringComparer.Ordinal).Select(run => run.ToJson())]) };
            case "runs/create":
                Fields(body, "experiment_id", "run_name", "user_id", "start_time", "tags");
                var made = new Run($"{Runs.Count:x32}", (string)body["experiment_id"]!, (string)body["run_name"]!, (long)body["start_time"]!);
                Require(int.Parse(made.Experiment, System.Globalization.CultureInfo.InvariantCulture) < _experiments.Count, "the experiment");
                Take(made.Tags, body["tags"]!.AsArray(), 5000);
                Runs.Add(made);
                return new JsonObject { ["run"] = made.ToJson() };
            case "runs/update":
                Fields(body, "run_id", "status", "end_time");
                var updated = Find(body);
                updated.Status = (string)body["status"]!;
                updated.End = (long?)body["end_time"];
                Require(updated.Status is "RUNNING" or "SCHEDULED" or "FINISHED" or "FAILED" or "KILLED", "the status");
                return new JsonObject { ["run_info"] = new JsonObject { ["run_id"] = updated.Id } };
            case "runs/log-batch":
                Fields(body, "run_id", "metrics", "params", "tags");
                Log(Find(body), body["metrics"]?.AsArray() ?? [], body["params"]?.AsArray() ?? [], body["tags"]?.AsArray() ?? []);
                return [];
            default:
                throw new Refusal(404, "ENDPOINT_NOT_FOUND", path);
        }
    }

    private Run Find(JsonObject body) => Runs.Find(run => run.Id == (string)body["run_id"]!) ?? throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", "no such run");

    private void Log(Run run, JsonArray metrics, JsonArray parameters, JsonArray tags)
    {
        Batches++;
        Require(!run.IsDeleted, "The run must be in the 'active' state");
        Require(metrics.Count <= 1000 && parameters.Count <= 100 && tags.Count <= 100 && metrics.Count + parameters.Count + tags.Count <= 1000, "too much at once");
        foreach (var metric in metrics)
        {
            Fields(metric!.AsObject(), "key", "value", "timestamp", "step");
            Require(metric["value"]!.GetValueKind() == JsonValueKind.Number && (long)metric["timestamp"]! > 1_700_000_000_000, "a metric");
            run.Metrics.Add((Key(metric), (double)metric["value"]!, (long)metric["timestamp"]!, (long)metric["step"]!));
        }

        Require(parameters.All(param => run.Params.GetValueOrDefault(Key(param!), (string)param!["value"]!) == (string)param["value"]!), "Changing param values is not allowed");
        Take(run.Params, parameters, 250);
        Take(run.Tags, tags, 5000);
    }

    private static void Take(Dictionary<string, string> into, JsonArray pairs, int longest)
    {
        foreach (var pair in pairs)
        {
            Fields(pair!.AsObject(), "key", "value");
            Require(((string)pair["value"]!).Length <= longest, $"a value of more than {longest} characters");
            into[Key(pair)] = (string)pair["value"]!;
        }
    }

    private static string Key(JsonNode pair)
    {
        var key = (string)pair["key"]!;
        Require(key.Length <= 250 && Keys().IsMatch(key), $"the key {key}");
        return key;
    }

    private static void Fields(JsonObject body, params string[] known) => Require(body.All(field => known.Contains(field.Key)), $"fields {string.Join(", ", body.Select(field => field.Key).Except(known))}");

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new Refusal(400, "INVALID_PARAMETER_VALUE", what);
        }
    }

    [GeneratedRegex("tags\\.`(?<key>[^`]+)` = '(?<value>[^']*)'", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex TagConditions();

    // MLflow's _VALID_PARAM_AND_METRIC_NAMES.
    [GeneratedRegex(@"^[/\w.\- ]*$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Keys();

    private sealed class Refusal(int status, string code, string message) : Exception(message)
    {
        public int Status => status;

        public string Code => code;
    }

    internal sealed class Run(string id, string experiment, string name, long start)
    {
        public string Id => id;

        public string Experiment => experiment;

        public string Name => name;

        public long Start => start;

        public long? End { get; set; }

        public string Status { get; set; } = "RUNNING";

        public bool IsDeleted { get; set; }

        public Dictionary<string, string> Tags { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, string> Params { get; } = new(StringComparer.Ordinal);

        /// <summary>A set, as MLflow's database has a key over all of it.</summary>
        public HashSet<(string Key, double Value, long Timestamp, long Step)> Metrics { get; } = [];

        public IReadOnlyList<long> Steps(string metric) => [.. Metrics.Where(one => one.Key == metric).Select(one => one.Step).Order()];

        public JsonObject ToJson() => new()
        {
            ["info"] = new JsonObject { ["run_id"] = id, ["run_uuid"] = id, ["experiment_id"] = experiment, ["run_name"] = name, ["status"] = Status, ["start_time"] = start, ["lifecycle_stage"] = IsDeleted ? "deleted" : "active" },
            ["data"] = new JsonObject
            {
                ["metrics"] = new JsonArray([.. Metrics.GroupBy(one => one.Key).Select(group => group.MaxBy(one => one.Step)).Select(one => new JsonObject { ["key"] = one.Key, ["value"] = one.Value, ["timestamp"] = one.Timestamp, ["step"] = one.Step })]),
                ["params"] = new JsonArray([.. Params.Select(pair => new JsonObject { ["key"] = pair.Key, ["value"] = pair.Value })]),
                ["tags"] = new JsonArray([.. Tags.Select(pair => new JsonObject { ["key"] = pair.Key, ["value"] = pair.Value })]),
            },
        };
    }
}
