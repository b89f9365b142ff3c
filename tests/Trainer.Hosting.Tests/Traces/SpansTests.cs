using System.Diagnostics;
using Trainer.Hosting.Traces;

namespace Trainer.Hosting.Tests.Traces;

public sealed class SpansTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 28, 12, 0, 0, TimeSpan.FromHours(2));

    /// <summary>Ids are the beginning of what sha256sum says: an operator may compute them, and later releases must not change them while jobs run.</summary>
    [Fact]
    public void A_jobs_ids_follow_from_its_id()
    {
        Assert.Equal("32a3e37cb8ff5cde976249069ef37752", TraceIds.OfJob("6ed2ujta4p").ToHexString()); // printf 'trainer trace 6ed2ujta4p' | sha256sum | head -c 32
        Assert.Equal(("32a3e37cb8ff5cde976249069ef37752", "8dc4b529f64bfecf"), TraceIds.OfLines("6ed2ujta4p")); // printf 'trainer root 6ed2ujta4p' | sha256sum | head -c 16
        Assert.Equal("375b8d0ab880147f", TraceIds.OfGeneration("6ed2ujta4p", "1.3").ToHexString());
    }

    [Fact]
    public void A_span_has_the_id_the_times_and_the_parent_that_it_was_told_with()
    {
        using var spans = new ListenedSpans();
        var root = Spans.Tell("j-spans", new Span("job", Noon, Noon.AddSeconds(7)) { Id = TraceIds.Root("j-spans"), Attributes = [new("a", 1), new("b", null)] });
        var other = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        Spans.Tell("j-spans", new Span("start", Noon.AddSeconds(2), Noon.AddSeconds(1)) { Parent = TraceIds.Root("j-spans"), Error = "why", Link = other });

        var found = spans.Of("j-spans");
        Assert.Equal(["job", "start"], found.Select(span => span.DisplayName));
        Assert.Equal((TraceIds.Root("j-spans"), default, Noon.UtcDateTime, TimeSpan.FromSeconds(7)), (found[0].SpanId, found[0].ParentSpanId, found[0].StartTimeUtc, found[0].Duration));
        Assert.Equal(found[0].SpanId, root!.Value.SpanId);
        Assert.Equal($"00-{TraceIds.OfJob("j-spans")}-{TraceIds.Root("j-spans")}-01", found[0].Id);
        Assert.Equal([new("a", 1)], found[0].TagObjects);
        Assert.Equal((TraceIds.Root("j-spans"), ActivityStatusCode.Error, "why", TimeSpan.FromTicks(1)), (found[1].ParentSpanId, found[1].Status, found[1].StatusDescription, found[1].Duration)); // A clock was set back.
        Assert.Equal(other, Assert.Single(found[1].Links).Context);
        Assert.Null(Activity.Current);
    }

    [Theory]
    [InlineData("http://collector:4318", null, false, "http://collector:4318/v1/traces")]
    [InlineData("http://collector:4318/", null, false, "http://collector:4318/v1/traces")]
    [InlineData("https://otlp.example.com/tenant/3", "http/protobuf", false, "https://otlp.example.com/tenant/3/v1/traces")]
    [InlineData("https://otlp.example.com/v1/traces", null, false, "https://otlp.example.com/v1/traces")]
    [InlineData("https://otlp.example.com/v1/traces/", null, false, "https://otlp.example.com/v1/traces/")]
    [InlineData("http://collector:4317", null, true, "http://collector:4317/")]
    [InlineData("http://collector:4317", "http/protobuf", false, "http://collector:4317/v1/traces")]
    [InlineData("https://collector", "grpc", true, "https://collector/")]
    public void The_port_tells_the_protocol_unless_OpenTelemetrys_variable_does(string address, string? protocol, bool isGrpc, string endpoint)
    {
        var target = OtlpTarget.Of(new Uri(address), name => name == "OTEL_EXPORTER_OTLP_PROTOCOL" ? protocol : null);
        Assert.Equal((isGrpc, endpoint, 1000), (target.IsGrpc, target.Endpoint.ToString(), target.DelayMilliseconds));
    }

    [Fact]
    public void A_protocol_that_cannot_be_spoken_is_refused_and_the_delay_may_be_given()
    {
        var refused = Assert.Throws<ArgumentException>(() => OtlpTarget.Of(new Uri("http://collector"), name => name.EndsWith("PROTOCOL", StringComparison.Ordinal) ? "http/json" : null));
        Assert.Equal("OTEL_EXPORTER_OTLP_PROTOCOL: expected grpc or http/protobuf, got 'http/json'.", refused.Message);
        Assert.Null(OtlpTarget.Of(new Uri("http://collector"), name => name == "OTEL_BSP_SCHEDULE_DELAY" ? "70" : null).DelayMilliseconds);
    }

    [Theory]
    [InlineData("authorization=Bearer%20abc", true)]
    [InlineData("a=b=c,d=,", true)]
    [InlineData("Bearer abc", false)]
    [InlineData("a=b,=c", false)]
    public void Headers_are_names_with_values_and_a_refusal_does_not_show_them(string headers, bool areTaken)
    {
        var refused = Record.Exception(() => OtlpTarget.Of(new Uri("http://collector"), name => name == "OTEL_EXPORTER_OTLP_HEADERS" ? headers : null));
        Assert.Equal(areTaken, refused is null);
        Assert.True(areTaken || refused!.Message == "OTEL_EXPORTER_OTLP_HEADERS: expected NAME=VALUE, several with commas between them, got something else, which is not shown since it may be secret.");
    }

    /// <summary>A proxy's page, or the headers that it was sent.</summary>
    [Fact]
    public void What_a_collector_answers_is_not_told()
    {
        Assert.Equal("17 characters", ExportFaults.Shown("response", "no Bearer secret!"));
        Assert.Equal(("", "http://collector"), (ExportFaults.Shown("response", ""), ExportFaults.Shown("endpoint", "http://collector")));
    }

    [Fact]
    public void Of_an_exception_the_innermost_is_told()
    {
        var fault = new HttpRequestException("The SSL connection could not be established, see inner exception.", new IOException("The remote certificate is invalid."));
        Assert.Equal("System.IO.IOException: The remote certificate is invalid.", ExportFaults.Short(fault.ToString()));
        Assert.Equal("System.Net.Http.HttpRequestException: Connection refused (127.0.0.1:9)", ExportFaults.Short(new HttpRequestException("Connection refused (127.0.0.1:9)").ToString()));
    }

    [Fact]
    public void A_process_says_what_it_is()
    {
        var resource = TraceExport.ResourceOf("worker", "worker-3").Build().Attributes.ToDictionary(attribute => attribute.Key, attribute => $"{attribute.Value}");
        Assert.Equal(
            ("trainer-worker", "trainer", "worker-3", TrainerVersion.Current),
            (resource["service.name"], resource["service.namespace"], resource["service.instance.id"], resource["service.version"]));
    }

    [Fact]
    public void Docs_list_every_name_and_nothing_else()
    {
        var names = typeof(SpanCatalog).GetFields().Where(field => field.Name != nameof(SpanCatalog.Source)).Select(field => (string)field.GetValue(null)!);
        var rows = File.ReadLines(Path.Combine(Repository.Root, "docs/tracing.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]);
        Assert.Equal(names.Order(StringComparer.Ordinal), rows.Where(row => !States.Contains(row) && !row.StartsWith("OTEL_", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    private static readonly string[] States = ["queued", "starting", "running", "recovering", "suspending", "suspended", "cancelling", "trainer.v1.JobService/CreateJob"];
}
