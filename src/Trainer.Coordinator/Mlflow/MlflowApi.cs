using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Http;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Mlflow;

/// <summary>The reading part of MLflow's REST API (2.0), with jobs as runs of one experiment: MLflow's clients see what Trainer has trained, by the same tokens as everybody.</summary>
/// <remarks>Jobs come by the calls of the job API, which checks and bounds them; curves are those that the store keeps.</remarks>
internal sealed class MlflowApi(ApiCalls calls, IJobStore store)
{
    private const string Prefix = "/api/2.0/mlflow/";
    private const int MostRuns = 1000;

    public void Map(IEndpointRouteBuilder app)
    {
        Get("experiments/get", ExperimentById);
        Get("experiments/get-by-name", ExperimentByName);
        Get("experiments/list", Experiments);
        Get("experiments/search", Experiments);
        Post("experiments/search", Experiments);
        Get("runs/get", RunAsync);
        Post("runs/search", SearchAsync);
        Get("metrics/get-history", HistoryAsync);
        Get("artifacts/list", ArtifactsAsync);
        Named(app.Map(Permissions.Mlflow, http => AnswerAsync(http, _ => throw new RpcException(new Status(
            StatusCode.Unimplemented,
            $"There is no {http.Request.Method} {http.Request.Path} here: a Trainer cluster answers the reading part of MLflow's API (docs/integrations.md). Jobs are made with 'trainer submit' or POST /v1/jobs.")))));

        void Get(string path, Func<JsonObject, HttpContext, Task<JsonObject>> answer) => Named(app.MapGet(Prefix + path, Answering(http => answer(Query(http.Request), http))));

        void Post(string path, Func<JsonObject, HttpContext, Task<JsonObject>> answer) => Named(app.MapPost(Prefix + path, Answering(async http => await answer(await HttpRequests.BodyAsync(http.Request), http))));
    }

    private static RequestDelegate Answering(Func<HttpContext, Task<JsonObject>> answer) => http => AnswerAsync(http, answer);

    private static void Named(IEndpointConventionBuilder endpoint) => AccessGate.Named(endpoint, Permissions.Mlflow).WithMetadata(new ErrorForm(MlflowErrors.Of));

    private static async Task AnswerAsync(HttpContext http, Func<HttpContext, Task<JsonObject>> answer)
    {
        var (code, body) = (StatusCodes.Status200OK, new JsonObject());
        try
        {
            body = await answer(http);
        }
        catch (HttpFault fault)
        {
            (code, body) = MlflowErrors.Of(fault);
        }
        catch (RpcException) when (http.RequestAborted.IsCancellationRequested)
        {
            return; // Nobody is there to be told.
        }
        catch (RpcException refused)
        {
            (code, body) = MlflowErrors.Of(refused);
        }
        catch (StoreException away)
        {
            (code, body) = MlflowErrors.Of(ApiErrors.Store(away));
        }

        http.Response.StatusCode = code;
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(ProtoJson.Line(body)), http.RequestAborted);
    }

    private Task<JsonObject> ExperimentById(JsonObject request, HttpContext http) => Text(request, "experiment_id") is RunJson.Experiment
        ? Task.FromResult(new JsonObject { ["experiment"] = RunJson.ExperimentJson(Root(http)) })
        : throw NoExperiment($"of id '{Text(request, "experiment_id")}'");

    private Task<JsonObject> ExperimentByName(JsonObject request, HttpContext http) => Text(request, "experiment_name") is RunJson.ExperimentName
        ? Task.FromResult(new JsonObject { ["experiment"] = RunJson.ExperimentJson(Root(http)) })
        : throw NoExperiment($"called '{Text(request, "experiment_name")}'");

    private Task<JsonObject> Experiments(JsonObject request, HttpContext http) => Text(request, "filter").Length > 0
        ? throw new HttpFault("filter", $"is not supported here: there is one experiment, '{RunJson.ExperimentName}'")
        : Task.FromResult(new JsonObject { ["experiments"] = Text(request, "view_type") == "DELETED_ONLY" ? new JsonArray() : new JsonArray(RunJson.ExperimentJson(Root(http))) });

    private async Task<JsonObject> RunAsync(JsonObject request, HttpContext http)
    {
        var job = await JobAsync(request, http);
        return new JsonObject { ["run"] = RunJson.Run(job, await store.ReadCurveAsync(job.Id), Files(http, job.Id)) };
    }

    private async Task<JsonObject> SearchAsync(JsonObject request, HttpContext http)
    {
        var query = RunQuery.Of(Text(request, "filter"), Texts(request, "order_by"));
        var most = Number(request, "max_results", MostRuns);
        var answer = new JsonObject { ["runs"] = new JsonArray() };
        if (query.FitsNone || Text(request, "run_view_type") == "DELETED_ONLY" || !Texts(request, "experiment_ids").Contains(RunJson.Experiment, StringComparer.Ordinal))
        {
            return answer;
        }

        var list = new ListJobsRequest { PageSize = Math.Min(most, MostRuns), PageToken = Text(request, "page_token"), Filter = query.Filter, OrderBy = query.OrderBy, States = { query.States } };
        var page = (ListJobsResponse)await calls.CallAsync(Job("ListJobs"), list, http);
        answer["runs"] = new JsonArray([.. page.Jobs.Select(job => RunJson.Run(job, null, Files(http, job.Id)))]);
        if (page.NextPageToken.Length > 0)
        {
            answer["next_page_token"] = page.NextPageToken;
        }

        return answer;
    }

    private async Task<JsonObject> HistoryAsync(JsonObject request, HttpContext http)
    {
        var job = await JobAsync(request, http);
        var metric = Text(request, "metric_key") is { Length: > 0 } key ? key : throw new HttpFault("metric_key", "is required");
        var first = Text(request, "page_token") is { Length: > 0 } token
            ? int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : throw new HttpFault("page_token", "is none of this API's")
            : 0;
        var values = RunJson.History(job, await store.ReadCurveAsync(job.Id), metric).ToList();
        var most = Number(request, "max_results", int.MaxValue);
        var answer = new JsonObject { ["metrics"] = new JsonArray([.. values.Skip(first).Take(most).Select(RunJson.Metric)]) };
        if (values.Count - first > most)
        {
            answer["next_page_token"] = (first + most).ToString(CultureInfo.InvariantCulture);
        }

        return answer;
    }

    private async Task<JsonObject> ArtifactsAsync(JsonObject request, HttpContext http)
    {
        var (id, folder) = (RunId(request), Text(request, "path").Trim('/'));
        var list = (ListArtifactsResponse)await calls.CallAsync(HttpRoutes.ListArtifacts, new ListArtifactsRequest { Id = id }, http);
        var begin = folder.Length > 0 ? folder + "/" : "";
        var files = list.Artifacts.Where(file => file.Name.StartsWith(begin, StringComparison.Ordinal)).GroupBy(file => file.Name[begin.Length..].Split('/')[0], StringComparer.Ordinal).Select(group =>
            group.FirstOrDefault(file => file.Name == begin + group.Key) is { } file
                ? new JsonObject { ["path"] = file.Name, ["is_dir"] = false, ["file_size"] = file.Bytes }
                : new JsonObject { ["path"] = begin + group.Key, ["is_dir"] = true });
        return new JsonObject { ["root_uri"] = Files(http, id), ["files"] = new JsonArray([.. files]) };
    }

    private async Task<Job> JobAsync(JsonObject request, HttpContext http) => (Job)await calls.CallAsync(Job("GetJob"), new GetJobRequest { Id = RunId(request) }, http);

    // run_uuid is what MLflow called it before.
    private static string RunId(JsonObject request) => Text(request, "run_id") is { Length: > 0 } id ? id
        : Text(request, "run_uuid") is { Length: > 0 } before ? before
        : throw new HttpFault("run_id", "is required");

    private static MethodDescriptor Job(string name) => Protos.JobService.Descriptor.FindMethodByName(name);

    private static RpcException NoExperiment(string which) => new(new Status(StatusCode.NotFound, $"There is no experiment {which}: there is one, '{RunJson.ExperimentName}' of id {RunJson.Experiment}, whose runs are all jobs."));

    private static string Root(HttpContext http) => $"{http.Request.Scheme}://{http.Request.Host}/v1/jobs";

    private static string Files(HttpContext http, string id) => $"{Root(http)}/{Uri.EscapeDataString(id)}/artifacts";

    private static JsonObject Query(HttpRequest http) => new(http.Query.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value.ToString()))));

    private static string Text(JsonObject request, string name) => request[name] is { } value ? TextOf(value) ?? throw new HttpFault(name, "must be a text") : "";

    private static List<string> Texts(JsonObject request, string name) => request[name] switch
    {
        null => [],
        JsonArray list => [.. list.Select(item => TextOf(item) ?? throw new HttpFault(name, "must be a list of texts"))],
        _ => throw new HttpFault(name, "must be a list of texts"),
    };

    private static int Number(JsonObject request, string name, int usual) => request[name] switch
    {
        null => usual,
        JsonValue value when int.TryParse(TextOf(value) ?? value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 => number,
        JsonValue value => throw new HttpFault(name, $"must be a number from 1, got '{value}'"),
        _ => throw new HttpFault(name, "must be a number from 1"),
    };

    // Null: it is none.
    private static string? TextOf(JsonNode? node)
    {
        try
        {
            return node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        }
        catch (InvalidOperationException)
        {
            throw HttpRequests.NoText();
        }
    }
}
