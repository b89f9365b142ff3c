using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Trainer.Coordinator.Outbox;

namespace Trainer.Coordinator.Mlflow;

/// <summary>The calls of MLflow's REST API (2.0) that it takes to log a run.</summary>
/// <seealso href="https://mlflow.org/docs/latest/rest-api.html"/>
internal sealed class MlflowClient : IDisposable
{
    // Of one log-batch; all together 1000.
    public const int MostMetrics = 900;
    public const int MostParams = 90;

    private const int MostAnswer = 4 << 20;
    private const int LongestReason = 300;

    private readonly HttpClient _http;
    private readonly string _api;

    public MlflowClient(MlflowTarget target, TimeSpan answerWithin)
    {
        _http = OutboundHttp.Create(answerWithin, MostAnswer);
        _http.DefaultRequestHeaders.Authorization = target.Credentials;
        _api = $"{target.Address.GetLeftPart(UriPartial.Path).TrimEnd('/')}/api/2.0/mlflow/";
    }

    /// <summary>The id of the experiment of a name, which is made where it is not there.</summary>
    public async Task<string> ExperimentAsync(string name, CancellationToken stop)
    {
        try
        {
            return Text((await CallAsync(HttpMethod.Get, $"experiments/get-by-name?experiment_name={Uri.EscapeDataString(name)}", null, stop))["experiment"]?["experiment_id"]);
        }
        catch (MlflowException missing) when (missing.Code == MlflowException.Missing)
        {
            return Text((await PostAsync("experiments/create", new JsonObject { ["name"] = name }, stop))["experiment_id"]);
        }
    }

    /// <param name="tags">All of which it has.</param>
    public async Task<MlflowRun?> FindAsync(string experiment, IEnumerable<(string Key, string Value)> tags, CancellationToken stop)
    {
        var found = await PostAsync(
            "runs/search",
            new JsonObject
            {
                ["experiment_ids"] = new JsonArray(experiment),
                ["filter"] = string.Join(" and ", tags.Select(tag => $"tags.`{tag.Key}` = '{tag.Value}'")),
                ["run_view_type"] = "ALL",
                ["max_results"] = 1,
                ["order_by"] = new JsonArray("attributes.start_time ASC"), // Of several always the same one: behind the time MLflow orders by the id.
            },
            stop);
        return found["runs"] is JsonArray { Count: > 0 } runs ? Run(runs[0]) : null;
    }

    public async Task<MlflowRun> CreateAsync(string experiment, string name, string user, long startTime, IEnumerable<(string Key, string Value)> tags, CancellationToken stop) => Run((await PostAsync(
        "runs/create",
        new JsonObject { ["experiment_id"] = experiment, ["run_name"] = name, ["user_id"] = user, ["start_time"] = startTime, ["tags"] = Pairs(tags) },
        stop))["run"]);

    /// <summary>In as many requests as it takes.</summary>
    public async Task LogAsync(
        string run, IReadOnlyCollection<MlflowMetric> metrics, IReadOnlyCollection<(string Key, string Value)> parameters, IReadOnlyCollection<(string Key, string Value)> tags, CancellationToken stop)
    {
        foreach (var some in parameters.Chunk(MostParams))
        {
            await PostAsync("runs/log-batch", new JsonObject { ["run_id"] = run, ["params"] = Pairs(some) }, stop);
        }

        foreach (var some in metrics.Chunk(MostMetrics))
        {
            var values = new JsonArray([.. some.Select(metric => new JsonObject { ["key"] = metric.Key, ["value"] = metric.Value, ["timestamp"] = metric.Timestamp, ["step"] = metric.Step })]);
            await PostAsync("runs/log-batch", new JsonObject { ["run_id"] = run, ["metrics"] = values }, stop);
        }

        if (tags.Count > 0)
        {
            await PostAsync("runs/log-batch", new JsonObject { ["run_id"] = run, ["tags"] = Pairs(tags) }, stop);
        }
    }

    /// <param name="endTime">Milliseconds since 1970; null: it has not ended.</param>
    public async Task UpdateAsync(string run, string status, long? endTime, CancellationToken stop)
    {
        var update = new JsonObject { ["run_id"] = run, ["status"] = status };
        if (endTime is { } end)
        {
            update["end_time"] = end;
        }

        await PostAsync("runs/update", update, stop);
    }

    public void Dispose() => _http.Dispose();

    private Task<JsonNode> PostAsync(string path, JsonObject body, CancellationToken stop) => CallAsync(HttpMethod.Post, path, body, stop);

    private async Task<JsonNode> CallAsync(HttpMethod method, string path, JsonObject? body, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, _api + path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        try
        {
            using var response = await _http.SendAsync(request, stop);
            var text = await response.Content.ReadAsStringAsync(stop);
            return response.IsSuccessStatusCode ? JsonNode.Parse(text) as JsonObject ?? throw Unreadable(path) : throw Refused((int)response.StatusCode, text);
        }
        catch (JsonException e)
        {
            throw Unreadable(path, e);
        }
        catch (Exception e) when (e is not MlflowException && OutboundHttp.Reason(e, stop) is { } reason)
        {
            throw new MlflowException(reason, inner: e);
        }
    }

    private static MlflowException Refused(int status, string text)
    {
        try
        {
            var (code, message) = JsonNode.Parse(text) is JsonObject error ? ((string?)error["error_code"] ?? "", (string?)error["message"] ?? "") : ("", "");
            return new MlflowException($"it answers with status {status} {code} {(message.Length > LongestReason ? message[..LongestReason] + "..." : message)}".TrimEnd(), code);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new MlflowException($"it answers with status {status}", inner: e);
        }
    }

    private static MlflowException Unreadable(string path, Exception? inner = null) => new($"its answer to {path.Split('?')[0]} is not MLflow's", inner: inner);

    private static MlflowRun Run(JsonNode? run)
    {
        try
        {
            var (info, last) = (run?["info"], ImmutableDictionary.CreateBuilder<string, long>(StringComparer.Ordinal));
            foreach (var metric in run?["data"]?["metrics"] as JsonArray ?? [])
            {
                last[Text(metric?["key"])] = metric?["step"]?.GetValue<JsonElement>() is { } step ? Number(step) : 0;
            }

            return new MlflowRun(Text(info?["run_id"]), last.ToImmutable(), (string?)info?["lifecycle_stage"] == "deleted");
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw Unreadable("runs", e);
        }
    }

    // Protobuf writes 64-bit integers as texts, MLflow itself as numbers.
    private static long Number(JsonElement value) => value.ValueKind == JsonValueKind.String ? long.Parse(value.GetString()!, System.Globalization.CultureInfo.InvariantCulture) : value.GetInt64();

    private static string Text(JsonNode? value) => value is JsonValue text && text.TryGetValue<string>(out var read) ? read : throw Unreadable("runs");

    private static JsonArray Pairs(IEnumerable<(string Key, string Value)> pairs) => new([.. pairs.Select(pair => new JsonObject { ["key"] = pair.Key, ["value"] = pair.Value })]);
}
