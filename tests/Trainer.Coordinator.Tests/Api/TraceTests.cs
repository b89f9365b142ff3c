using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Grpc.Core;
using Trainer.Hosting.Tests.Traces;
using Trainer.Hosting.Traces;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>The span of a call: in the trace of whoever calls, else in the job's.</summary>
public sealed class TraceTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Parent = "00f067aa0ba902b7";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_callers_trace_has_the_call_and_the_jobs_has_a_link_to_it(bool overHttp)
    {
        using var spans = new ListenedSpans();
        var request = new CreateJobRequest { Spec = fixture.Spec, RequestId = Guid.NewGuid().ToString() };
        var id = overHttp ? await CreateOverHttpAsync(request) : (await fixture.Coordinator.Jobs.CreateJobAsync(request, new Metadata { { "traceparent", $"00-{Trace}-{Parent}-01" }, { "tracestate", "vendor=7" } })).Id;

        var told = spans.Of(id).Single(span => span.DisplayName == "request");
        var call = spans.All.Single(span => span.TraceId.ToHexString() == Trace && Equals(span.GetTagItem("trainer.job.id"), id));
        Assert.Equal(("trainer.v1.JobService/CreateJob", ActivityKind.Server, Parent, "vendor=7"), (call.DisplayName, call.Kind, call.ParentSpanId.ToHexString(), call.TraceStateString));
        Assert.Equal(("grpc", "CreateJob", 0), (call.GetTagItem("rpc.system"), call.GetTagItem("rpc.method"), call.GetTagItem("rpc.grpc.status_code")));
        Assert.Equal((TraceIds.OfJob(id), TraceIds.Root(id)), (call.Links.Single().Context.TraceId, call.Links.Single().Context.SpanId));
        Assert.Equal((call.TraceId, call.SpanId), (told.Links.Single().Context.TraceId, told.Links.Single().Context.SpanId));
        Assert.Equal(TraceIds.Root(id), told.ParentSpanId);

        await fixture.Coordinator.Jobs.CancelJobAsync(new CancelJobRequest { Id = id }, new Metadata { { "traceparent", "no such thing" } });
        Assert.Equal(TraceIds.Root(id), spans.Of(id).Single(span => span.DisplayName == "trainer.v1.JobService/CancelJob").ParentSpanId); // Without a caller's trace: in the job's.
        await fixture.Coordinator.Jobs.GetJobAsync(new GetJobRequest { Id = id });
        Assert.DoesNotContain(spans.Of(id), span => span.DisplayName.EndsWith("GetJob", StringComparison.Ordinal)); // It changes nothing.
    }

    /// <summary>As proxies name one that was not drawn for their sample.</summary>
    [Fact]
    public async Task Where_nobody_records_the_callers_trace_the_call_is_in_the_jobs()
    {
        using var spans = new ListenedSpans();
        var id = (await fixture.Coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec, RequestId = Guid.NewGuid().ToString() }, new Metadata { { "traceparent", $"00-{Trace[..31]}9-{Parent}-00" } })).Id;
        Assert.Equal(TraceIds.Root(id), spans.Of(id).Single(span => span.DisplayName == "trainer.v1.JobService/CreateJob").ParentSpanId);
        Assert.DoesNotContain(spans.All, span => span.TraceId.ToHexString() == $"{Trace[..31]}9");
    }

    /// <summary>.NET's HTTP client says in whose trace it is called.</summary>
    [Fact]
    public async Task A_program_with_an_activity_has_the_call_in_its_trace()
    {
        using var spans = new ListenedSpans();
        using var activity = new Activity("pipeline") { ActivityTraceFlags = ActivityTraceFlags.Recorded }.SetIdFormat(ActivityIdFormat.W3C).Start();
        var id = (await fixture.Coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec, RequestId = Guid.NewGuid().ToString() })).Id;
        Assert.Single(spans.All, span => span.TraceId == activity.TraceId && Equals(span.GetTagItem("trainer.job.id"), id));
    }

    [Fact]
    public async Task What_is_refused_is_the_callers_fault_and_no_error_of_ours()
    {
        using var spans = new ListenedSpans();
        await Assert.ThrowsAsync<RpcException>(async () => await fixture.Coordinator.Jobs.CreateJobAsync(new CreateJobRequest(), new Metadata { { "traceparent", $"00-{Trace[..31]}7-{Parent}-01" } }));
        var call = spans.All.Single(span => span.TraceId.ToHexString() == $"{Trace[..31]}7");
        Assert.Equal((ActivityStatusCode.Unset, 3), (call.Status, call.GetTagItem("rpc.grpc.status_code")));
    }

    private async Task<string> CreateOverHttpAsync(CreateJobRequest request)
    {
        using var http = new HttpClient();
        using var message = new HttpRequestMessage(HttpMethod.Post, $"{fixture.Coordinator.Http}/v1/jobs")
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", TestCoordinator.Token) },
            Content = new StringContent(new JsonObject { ["spec"] = ProtoJson.Compact(request.Spec), ["request_id"] = request.RequestId }.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        message.Headers.Add("traceparent", $"00-{Trace}-{Parent}-01");
        message.Headers.Add("tracestate", "vendor=7");
        using var answer = await http.SendAsync(message);
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["id"]!;
    }
}
