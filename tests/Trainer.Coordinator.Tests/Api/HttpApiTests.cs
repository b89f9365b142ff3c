using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Trainer.Coordinator.Http;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>The job API as programs without gRPC see it.</summary>
public sealed class HttpApiTests(ApiFixture fixture) : IClassFixture<ApiFixture>, IDisposable
{
    private readonly HttpClient _http = new()
    {
        BaseAddress = new Uri(fixture.Coordinator.Http),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", TestCoordinator.Token) },
    };

    public void Dispose() => _http.Dispose();

    [Fact]
    public void Every_call_has_a_path()
    {
        var calls = new[] { Protos.JobService.Descriptor, Protos.WorkerService.Descriptor, Protos.SystemService.Descriptor, Protos.TokenService.Descriptor, Protos.DataSetService.Descriptor, Protos.SessionService.Descriptor, Protos.PictureService.Descriptor }.SelectMany(service => service.Methods).Select(method => method.FullName);
        Assert.Equal(calls.Order(), HttpRoutes.All.Select(route => route.Method.FullName).Append(HttpRoutes.Download.FullName).Order());
    }

    [Fact]
    public async Task A_jobs_life_is_the_same_in_JSON()
    {
        var body = new JsonObject { ["spec"] = ProtoJson.Compact(fixture.Spec), ["request_id"] = Guid.NewGuid().ToString(), ["labels"] = new JsonObject { ["team"] = "vision" } };
        var (created, code) = await SendAsync("POST", "/v1/jobs", body);
        var id = (string)created["id"]!;
        Assert.Equal((HttpStatusCode.OK, "QUEUED", "vision"), (code, (string?)created["state"], (string?)created["labels"]!["team"]));
        Assert.Equal(id, (string?)(await SendAsync("POST", "/v1/jobs", body)).Json["id"]);

        var job = await fixture.Coordinator.AwaitAsync(id, known => known.Message.Contains("it needs", StringComparison.Ordinal));
        var got = await _http.GetAsync($"/v1/jobs/{id}");
        Assert.Equal("application/json", got.Content.Headers.ContentType!.MediaType);
        job = await fixture.Coordinator.Jobs.GetJobAsync(new GetJobRequest { Id = id });
        Assert.Equal(ProtoJson.Line(ProtoJson.ToJson(job)) + "\n", await got.Content.ReadAsStringAsync()); // As `trainer get ID --output json` prints it.

        var update = new JsonObject { ["notes"] = "words", ["spec"] = new JsonObject { ["cluster"] = new JsonObject { ["max_workers"] = 3 } } };
        var updated = (await SendAsync("PATCH", $"/v1/jobs/{id}?update_mask=notes,spec.cluster.max_workers", update)).Json;
        Assert.Equal(("words", 3), ((string?)updated["notes"], (int)updated["spec"]!["cluster"]!["max_workers"]!));
        var listed = (await SendAsync("GET", $"/v1/jobs?page_size=1&view=BASIC&states=QUEUED&states=RUNNING&filter={Uri.EscapeDataString("labels.team = vision")}")).Json;
        Assert.Equal((id, null), ((string?)listed["jobs"]![0]!["id"], listed["jobs"]![0]!["spec"]!["model"]));
        Assert.Contains(id, (await SendAsync("GET", "/v1/queue")).Json["entries"]!.AsArray().Select(entry => (string?)entry!["job"]));

        Assert.Equal("CANCELLED", (string?)(await SendAsync("POST", $"/v1/jobs/{id}:cancel", [])).Json["state"]);
        var lines = (await _http.GetStringAsync($"/v1/jobs/{id}:watch")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("CANCELLED", (string?)JsonNode.Parse(lines[^1])!["state"]);
        var logs = (await _http.GetStringAsync($"/v1/jobs/{id}/logs?follow=true")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.StartsWith("CANCELLED", (string)logs[^1]["message"]!);
        Assert.Equal(System.Text.Json.JsonValueKind.Number, logs[^1]["sequence"]!.GetValueKind());
        Assert.Equal(HttpStatusCode.OK, (await _http.DeleteAsync($"/v1/jobs/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync($"/v1/jobs/{id}")).StatusCode);
    }

    /// <summary>Each of them would be silent for 15 s.</summary>
    [Fact]
    public async Task A_stream_that_has_nothing_to_say_yet_begins_at_once()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var id = (string)(await SendAsync("POST", "/v1/jobs", new JsonObject { ["spec"] = ProtoJson.Compact(fixture.Spec), ["request_id"] = Guid.NewGuid().ToString() })).Json["id"]!;
        foreach (var path in new[] { "/v1/jobs:watch?filter=labels.team%20%3D%20nobody", $"/v1/jobs/{id}/logs?follow=true&source=nobody", $"/v1/jobs/{id}/steps?follow=true", $"/v1/jobs/{id}:watch" })
        {
            using var response = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            Assert.Equal((path, HttpStatusCode.OK, "application/x-ndjson"), (path, response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        }

        await SendAsync("POST", $"/v1/jobs/{id}:cancel", []);
    }

    [Theory]
    [InlineData("GET", "/v1/jobs/nobody", "", 404, "NOT_FOUND", "JOB_NOT_FOUND", "There is no job nobody.", null)]
    [InlineData("GET", "/v1/jobs?page_size=x", "", 400, "INVALID_ARGUMENT", "INVALID_REQUEST", "page_size: expected a number, got \"x\"", "page_size")]
    [InlineData("GET", "/v1/jobs?page_sice=1", "", 400, "INVALID_ARGUMENT", "INVALID_REQUEST", "page_sice: is not known to this coordinator", "page_sice")]
    [InlineData("GET", "/v1/jobs?page_size=1001", "", 400, "INVALID_ARGUMENT", "INVALID_REQUEST", "page_size: must be 0 (for 50) to 1000, got 1001", "page_size")]
    [InlineData("POST", "/v1/jobs", "{", 400, "INVALID_ARGUMENT", "INVALID_REQUEST", null, "body")]
    [InlineData("POST", "/v1/jobs", "[]", 400, "INVALID_ARGUMENT", "INVALID_REQUEST", "body: must be a JSON object", "body")]
    [InlineData("POST", "/v1/jobs", "{\"sepc\":{}}", 400, "INVALID_ARGUMENT", "INVALID_REQUEST", "sepc: is not known to this coordinator", "sepc")]
    [InlineData("POST", "/v1/tokens?user=c", """{"user":"a","user":"b"}""", 400, "INVALID_ARGUMENT", "INVALID_REQUEST", "body: is not JSON: Duplicate property 'user' encountered during deserialization.", "body")]
    [InlineData("POST", "/v1/tokens?user=c", """{"\ud800":"a"}""", 400, "INVALID_ARGUMENT", "INVALID_REQUEST", "body: has text that is not Unicode: an escaped surrogate (\\ud800 to \\udfff) without its other half", "body")]
    [InlineData("POST", "/v1/tokens?role=viewer", """{"user":"\ud800"}""", 400, "INVALID_ARGUMENT", "INVALID_REQUEST", null, "body")]
    [InlineData("POST", "/v1/jobs", """{"spec":{"name":"a","name":"b"}}""", 400, "INVALID_ARGUMENT", "INVALID_REQUEST", null, "body")]
    [InlineData("POST", "/v1/workers/w-7:drain", "", 404, "NOT_FOUND", "WORKER_NOT_FOUND", "There is no worker w-7.", null)]
    [InlineData("GET", "/v1/job", "", 404, "NOT_FOUND", "", "There is no GET /v1/job. The paths are in docs/api.md.", null)]
    [InlineData("GET", "/v1/jobs/nobody/logs", "", 404, "NOT_FOUND", "JOB_NOT_FOUND", "There is no job nobody.", null)]
    public async Task What_cannot_be_done_says_why(string verb, string path, string body, int code, string status, string reason, string? message, string? field)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), path);
        request.Content = body.Length > 0 ? new StringContent(body, Encoding.UTF8, "application/json") : null;
        var response = await _http.SendAsync(request);
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal((code, code, status, reason), ((int)response.StatusCode, (int)error["code"]!, (string?)error["status"], (string?)error["reason"]));
        Assert.Equal(message ?? (string?)error["message"], (string?)error["message"]);
        Assert.Equal(field, (string?)error["violations"]!.AsArray().FirstOrDefault()?["field"]);
    }

    [Theory]
    [InlineData(60, ApiCalls.TooDeep, null)]
    [InlineData(1000, "body: is nested deeper than 1000 levels", "body")]
    public async Task Layers_that_are_nested_beyond_the_limit_are_refused_by_its_own_name(int depth, string message, string? field)
    {
        var layers = new StringBuilder("[{\"relu\":{}}]");
        for (var i = 0; i < depth; i++)
        {
            layers.Insert(0, "[{\"sequential\":{\"layers\":").Append("}}]");
        }

        using var content = new StringContent($"{{\"spec\":{{\"model\":{{\"layers\":{layers}}}}}}}", Encoding.UTF8, "application/json");
        var response = await _http.PostAsync("/v1/jobs", content);

        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, "INVALID_REQUEST", message), (response.StatusCode, (string?)error["reason"], (string?)error["message"]));
        Assert.Equal(field, (string?)error["violations"]!.AsArray().FirstOrDefault()?["field"]);
    }

    [Fact]
    public async Task The_token_is_wanted_here_too()
    {
        using var anonymous = new HttpClient { BaseAddress = _http.BaseAddress };
        foreach (var path in new[] { "/v1/jobs", "/v1/jobs/x:watch", "/v1/jobs/x/artifacts/model.safetensors", "/v1/info" })
        {
            var response = await anonymous.GetAsync(path);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Contains("TOKEN_INVALID", await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(HttpStatusCode.OK, (await anonymous.GetAsync("/healthz")).StatusCode);
    }

    [Fact]
    public async Task Files_are_read_whole_or_in_part()
    {
        var job = await fixture.Coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec });
        var bytes = new byte[300_007];
        new Random(3).NextBytes(bytes);
        File.WriteAllBytes(Path.Combine(Directory.CreateDirectory(Path.Combine(fixture.Folder, "jobs", job.Id)).FullName, "model.safetensors"), bytes);
        var path = $"/v1/jobs/{job.Id}/artifacts/model.safetensors";

        var whole = await _http.GetAsync(path);
        Assert.Equal((HttpStatusCode.OK, 300_007L), (whole.StatusCode, whole.Content.Headers.ContentLength));
        Assert.Equal(bytes, await whole.Content.ReadAsByteArrayAsync());
        var tag = whole.Headers.ETag!;
        foreach (var (from, to, first, last) in new (long?, long?, int, int)[] { (0, 0, 0, 0), (262_143, 262_145, 262_143, 262_145), (299_999, null, 299_999, 300_006), (null, 7, 300_000, 300_006), (5, 999_999, 5, 300_006) })
        {
            var part = await AskAsync(request => request.Headers.Range = new RangeHeaderValue(from, to));
            Assert.Equal((HttpStatusCode.PartialContent, $"bytes {first}-{last}/300007"), (part.StatusCode, part.Content.Headers.ContentRange!.ToString()));
            Assert.Equal(bytes[first..(last + 1)], await part.Content.ReadAsByteArrayAsync());
        }

        var beyond = await AskAsync(request => request.Headers.Range = new RangeHeaderValue(300_007, null));
        Assert.Equal((HttpStatusCode.RequestedRangeNotSatisfiable, "bytes */300007"), (beyond.StatusCode, beyond.Content.Headers.ContentRange!.ToString()));
        Assert.Equal(HttpStatusCode.NotModified, (await AskAsync(request => request.Headers.IfNoneMatch.Add(tag))).StatusCode);
        Assert.Equal(HttpStatusCode.PartialContent, (await AskAsync(request => (request.Headers.Range, request.Headers.IfRange) = (new RangeHeaderValue(1, 2), new RangeConditionHeaderValue(tag)))).StatusCode);
        var other = new RangeConditionHeaderValue(new EntityTagHeaderValue("\"other\""));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(request => (request.Headers.Range, request.Headers.IfRange) = (new RangeHeaderValue(1, 2), other))).StatusCode);
        var head = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
        Assert.Equal((300_007L, tag), (head.Content.Headers.ContentLength, head.Headers.ETag));
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(path.Replace("model", "other"))).StatusCode);

        Task<HttpResponseMessage> AskAsync(Action<HttpRequestMessage> with)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, path);
            with(request);
            return _http.SendAsync(request);
        }
    }

    private async Task<(JsonNode Json, HttpStatusCode Code)> SendAsync(string verb, string path, JsonObject? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), path);
        request.Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        var response = await _http.SendAsync(request);
        return (JsonNode.Parse(await response.Content.ReadAsStringAsync())!, response.StatusCode);
    }
}
