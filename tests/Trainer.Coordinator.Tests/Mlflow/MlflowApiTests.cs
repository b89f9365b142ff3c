using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Trainer.Coordinator.Mlflow;
using Trainer.Coordinator.Tests.Api;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Mlflow;

/// <summary>What MLflow's clients are answered.</summary>
public sealed class MlflowApiTests(ApiFixture fixture) : IClassFixture<ApiFixture>, IDisposable
{
    private const string NoText = "body: has text that is not Unicode: an escaped surrogate (\\ud800 to \\udfff) without its other half";

    private readonly HttpClient _http = new()
    {
        BaseAddress = new Uri(fixture.Coordinator.Http),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", TestCoordinator.Token) },
    };

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Jobs_are_runs_that_are_found_by_what_they_are_called_who_made_them_and_their_labels()
    {
        var (first, second) = (await SubmitAsync("one"), await SubmitAsync("two"));
        await fixture.Coordinator.Jobs.CancelJobAsync(new CancelJobRequest { Id = second });

        var run = (await GetAsync($"runs/get?run_id={first}"))["run"]!;
        var job = await fixture.Coordinator.Jobs.GetJobAsync(new GetJobRequest { Id = first });
        Assert.Equal((first, "small", "SCHEDULED", job.CreateTime.ToDateTimeOffset().ToUnixTimeMilliseconds()), ((string?)run["info"]!["run_id"], (string?)run["info"]!["run_name"], (string?)run["info"]!["status"], (long)run["info"]!["start_time"]!));
        Assert.Null(run["info"]!["end_time"]);
        Assert.Contains("""{"key":"training.optimizer.sgd.lr","value":"0.5"}""", run["data"]!["params"]!.ToJsonString());
        Assert.Contains("""{"key":"set","value":"one"}""", run["data"]!["tags"]!.ToJsonString());
        Assert.Equal(run["info"]!.ToJsonString(), (await GetAsync($"runs/get?run_uuid={first}"))["run"]!["info"]!.ToJsonString());

        Assert.Equal([second, first], await SearchAsync("tags.kind = 'mlflow'"));
        Assert.Equal([first, second], await SearchAsync("tags.kind = 'mlflow'", "attributes.start_time ASC"));
        Assert.Equal([second], await SearchAsync("tags.kind = 'mlflow' and attributes.status = 'KILLED'"));
        Assert.Equal([first], await SearchAsync("tags.kind = 'mlflow' AND status != 'KILLED'"));
        Assert.Equal([first], await SearchAsync("tags.`set` = \"one\" and attributes.run_name = 'small'"));
        Assert.Equal([], await SearchAsync("tags.kind = 'mlflow' and status = 'KILLED' and status = 'FAILED'"));
        Assert.Equal([], await SearchAsync($"tags.kind = 'mlflow' and attributes.start_time > {job.CreateTime.ToDateTimeOffset().AddDays(1).ToUnixTimeMilliseconds()}"));

        var page = await PostAsync("runs/search", new JsonObject { ["experiment_ids"] = new JsonArray("0"), ["filter"] = "tags.kind = 'mlflow'", ["max_results"] = 1 });
        Assert.Equal(second, (string?)Assert.Single(page["runs"]!.AsArray())!["info"]!["run_id"]);
        page = await PostAsync("runs/search", new JsonObject { ["experiment_ids"] = new JsonArray("0"), ["filter"] = "tags.kind = 'mlflow'", ["max_results"] = 5, ["page_token"] = (string?)page["next_page_token"] });
        Assert.Equal((first, null), ((string?)Assert.Single(page["runs"]!.AsArray())!["info"]!["run_id"], page["next_page_token"]));
        Assert.Empty((await PostAsync("runs/search", new JsonObject { ["experiment_ids"] = new JsonArray("7") }))["runs"]!.AsArray());
    }

    [Fact]
    public async Task There_is_one_experiment()
    {
        Assert.Equal("trainer", (string?)(await GetAsync("experiments/get?experiment_id=0"))["experiment"]!["name"]);
        Assert.Equal("0", (string?)(await GetAsync("experiments/get-by-name?experiment_name=trainer"))["experiment"]!["experiment_id"]);
        Assert.Single((await GetAsync("experiments/search?max_results=100"))["experiments"]!.AsArray());
        Assert.Single((await PostAsync("experiments/search", new JsonObject { ["max_results"] = 100 }))["experiments"]!.AsArray());
    }

    [Theory]
    [InlineData("GET", "runs/get?run_id=nobody", "", 404, "RESOURCE_DOES_NOT_EXIST", "There is no job nobody.")]
    [InlineData("GET", "runs/get", "", 400, "INVALID_PARAMETER_VALUE", "run_id: is required")]
    [InlineData("GET", "experiments/get?experiment_id=7", "", 404, "RESOURCE_DOES_NOT_EXIST", "There is no experiment of id '7': there is one, 'trainer' of id 0, whose runs are all jobs.")]
    [InlineData("GET", "metrics/get-history?run_id=nobody", "", 404, "RESOURCE_DOES_NOT_EXIST", "There is no job nobody.")]
    [InlineData("GET", "artifacts/list?run_id=nobody", "", 404, "RESOURCE_DOES_NOT_EXIST", "There is no job nobody.")]
    [InlineData("POST", "runs/search", """{"experiment_ids":["0"],"filter":"metrics.loss < 1"}""", 400, "INVALID_PARAMETER_VALUE", "filter: 'metrics.loss' cannot be searched by: expected attributes.status, attributes.run_name, attributes.user_id, attributes.start_time or tags.KEY, KEY being a label's")]
    [InlineData("POST", "runs/search", """{"experiment_ids":["0"],"filter":"tags.team LIKE '%x'"}""", 400, "INVALID_PARAMETER_VALUE", "filter: expected =, !=, <, <=, > or >= behind 'tags.team'; LIKE, ILIKE and IN are not supported here")]
    [InlineData("POST", "runs/search", """{"experiment_ids":["0"],"filter":"status = 'RUNNING' or status = 'FAILED'"}""", 400, "INVALID_PARAMETER_VALUE", "filter: expected AND between conditions, got 'or'; OR, NOT and parentheses are not supported")]
    [InlineData("POST", "runs/search", """{"experiment_ids":["0"],"filter":"status = 'DONE'"}""", 400, "INVALID_PARAMETER_VALUE", "filter: status: expected = or != and one of RUNNING, SCHEDULED, FINISHED, FAILED, KILLED, got = 'DONE'")]
    [InlineData("POST", "runs/search", """{"experiment_ids":["0"],"filter":"tags.a = 'b"}""", 400, "INVALID_PARAMETER_VALUE", "filter: a quotation mark is not closed")]
    [InlineData("POST", "runs/search", """{"experiment_ids":["0"],"order_by":["metrics.loss ASC"]}""", 400, "INVALID_PARAMETER_VALUE", "order_by: expected attributes.start_time, attributes.run_name or attributes.status, with ASC or DESC behind it, got 'metrics.loss ASC'")]
    [InlineData("POST", "runs/search", """{"experiment_ids":["0"],"order_by":["start_time ASC","run_name ASC"]}""", 400, "INVALID_PARAMETER_VALUE", "order_by: one is supported here, got 2")]
    [InlineData("POST", "runs/search", """{"experiment_ids":["0"],"filter":"\ud800"}""", 400, "INVALID_PARAMETER_VALUE", NoText)]
    [InlineData("POST", "runs/search", """{"experiment_ids":["\ud800"]}""", 400, "INVALID_PARAMETER_VALUE", NoText)]
    [InlineData("POST", "runs/search", """{"experiment_ids":["0"],"max_results":"\ud800"}""", 400, "INVALID_PARAMETER_VALUE", NoText)]
    [InlineData("POST", "runs/search", """{"experiment_ids":["0"],"max_results":["\ud800"]}""", 400, "INVALID_PARAMETER_VALUE", "max_results: must be a number from 1")]
    [InlineData("POST", "runs/search", """{"experiment_ids":["0"],"max_results":"x"}""", 400, "INVALID_PARAMETER_VALUE", "max_results: must be a number from 1, got 'x'")]
    [InlineData("POST", "runs/search", "[]", 400, "INVALID_PARAMETER_VALUE", "body: must be a JSON object")]
    [InlineData("POST", "runs/create", "{}", 404, "ENDPOINT_NOT_FOUND", "There is no POST /api/2.0/mlflow/runs/create here: a Trainer cluster answers the reading part of MLflow's API (docs/integrations.md). Jobs are made with 'trainer submit' or POST /v1/jobs.")]
    public async Task What_cannot_be_done_says_why(string verb, string path, string body, int status, string code, string message)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), $"/api/2.0/mlflow/{path}");
        request.Content = body.Length > 0 ? new StringContent(body, Encoding.UTF8, "application/json") : null;
        var response = await _http.SendAsync(request);
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal((status, code, message), ((int)response.StatusCode, (string?)error["error_code"], (string?)error["message"]));
    }

    [Fact]
    public async Task Who_has_no_token_is_refused_in_MLflows_words()
    {
        using var stranger = new HttpClient { BaseAddress = new Uri(fixture.Coordinator.Http) };
        var response = await stranger.GetAsync("/api/2.0/mlflow/runs/get?run_id=x");
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal((401, "UNAUTHENTICATED"), ((int)response.StatusCode, (string?)error["error_code"]));
        Assert.StartsWith("/api/2.0/mlflow/{**path} needs the role viewer, and this call carries no token.", (string?)error["message"]);
    }

    [Theory]
    [InlineData("", "", "create_time desc", "")]
    [InlineData("tags.`a/b` = 'c\"d\\e'", "labels.\"a/b\" = \"c\\\"d\\\\e\"", "create_time desc", "")]
    [InlineData("attr.user_id != 'ann' AND run.run_name='x'", "creator != \"ann\" AND name = \"x\"", "create_time desc", "")]
    [InlineData("attributes.start_time >= 1772366400125", "create_time >= \"2026-03-01T12:00:00.125Z\"", "create_time desc", "")]
    [InlineData("`start_time` < 1 and attributes.`run_name` = x", "create_time < \"1970-01-01T00:00:00.001Z\" AND name = \"x\"", "create_time desc", "")]
    [InlineData("status = 'SCHEDULED'", "", "create_time desc", "Queued, Starting, Suspended")]
    public void Filters_are_said_in_the_APIs_own_words(string filter, string said, string order, string states)
    {
        var query = RunQuery.Of(filter, []);
        Assert.Equal((said, order, states), (query.Filter, query.OrderBy, string.Join(", ", query.States)));
        _ = Coordinator.Api.JobFilterText.Read(query.Filter);
    }

    [Fact]
    public void A_history_has_the_steps_that_are_kept_and_the_ends_of_epochs()
    {
        var job = Samples.Row().ToJob();
        job.Epochs.Add([Samples.Epoch(1), Samples.Epoch(2, testAccuracy: double.NaN)]);
        List<StepMetrics> curve = [.. new uint[] { 3, 5, 7, 11 }.Select(step => new StepMetrics { Step = step, Epoch = 1 + step / 7, Loss = step == 5 ? double.NaN : 1.0 / step, Time = Samples.Noon.AddSeconds(step).ToTimestamp() })];
        long Second(int second) => Samples.Noon.AddSeconds(second).ToUnixTimeMilliseconds();

        Assert.Equal([new MlflowMetric("loss", 1 / 3.0, Second(3), 3), new("loss", 1 / 7.0, Second(7), 7), new("loss", 1 / 11.0, Second(11), 11)], RunJson.History(job, curve, "loss"));
        Assert.Equal([new MlflowMetric("train_loss", 1, Second(5), 1), new("train_loss", 0.5, Second(11), 2)], RunJson.History(job, curve, "train_loss"));
        Assert.Equal([new MlflowMetric("test_accuracy", 0.5, Second(5), 1)], RunJson.History(job, curve, "test_accuracy"));
        Assert.Empty(RunJson.History(job, curve, "nothing"));
    }

    private async Task<string> SubmitAsync(string set) => (await fixture.Coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec, Labels = { ["kind"] = "mlflow", ["set"] = set } })).Id;

    private async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await _http.GetStringAsync($"/api/2.0/mlflow/{path}"))!;

    private async Task<JsonNode> PostAsync(string path, JsonObject body)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        var response = await _http.PostAsync($"/api/2.0/mlflow/{path}", content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private async Task<IEnumerable<string?>> SearchAsync(string filter, params string[] order)
    {
        var body = new JsonObject { ["experiment_ids"] = new JsonArray("0"), ["filter"] = filter, ["order_by"] = new JsonArray([.. order.Select(one => JsonValue.Create(one))]), ["run_view_type"] = "ACTIVE_ONLY" };
        return (await PostAsync("runs/search", body))["runs"]!.AsArray().Select(run => (string?)run!["info"]!["run_id"]);
    }
}
