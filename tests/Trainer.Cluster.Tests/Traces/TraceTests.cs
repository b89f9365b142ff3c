using System.Text.Json;
using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests.Traces;

/// <summary>Traces of real jobs, at a receiver that decodes by OpenTelemetry's own definitions.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class TraceTests
{
    private const string Callers = "0af7651916cd43dd8448eb211c80319c";
    private const string CallersSpan = "b7ad6b7169203331";
    private const int Server = 2;
    private const int Failed = 2;

    /// <summary>A worker is killed, then the coordinator; the trace goes on, and every span in it has its parent there.</summary>
    [Fact]
    public async Task A_job_has_one_trace_whoever_dies()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var cluster = await LocalCluster.UpAsync(
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["OTEL_EXPORTER_OTLP_HEADERS"] = "authorization=Bearer tracing",
                ["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment.name=test",
            },
            workers: 2,
            threads: 1,
            "--otlp",
            receiver.Http);
        cluster.SlowDown();
        var id = await SubmitAsync(cluster, new TinyJob(Epochs: 60, MinWorkers: 1) { CheckpointSeconds = 1 }.Write(cluster.Home));
        await receiver.UntilAsync(spans => spans.FirstOrDefault(span => span is { Name: "generation" }));
        await receiver.UntilAsync(spans => spans.FirstOrDefault(span => span is { Name: "first step", Process: "worker-1" })); // What it has not sent dies with it.

        Signals.Kill(cluster.ProcessId("worker-1"));
        var recovery = await receiver.UntilAsync(spans => spans.FirstOrDefault(span => span["trainer.generation.reason"] == "WorkerLost"));
        await receiver.UntilAsync(spans => spans.FirstOrDefault(span => span["trainer.generation.reason"] == "MembersChanged")); // It has come back.

        Signals.Kill(cluster.ProcessId("coordinator"));
        await receiver.UntilAsync(spans => spans.FirstOrDefault(span => span.Name == "ask workers"));
        cluster.SpeedUp();
        await cluster.WatchUntilAsync(id, followed => followed.GetProperty("event").GetString() == "result");
        var job = await receiver.UntilAsync(spans => spans.FirstOrDefault(span => span.Name == "job"));

        var trace = receiver.Spans.Where(span => span.Trace == job.Trace).ToList();
        AssertIsTree(trace, job);
        Assert.All(trace, span => Assert.Equal(id, span["trainer.job.id"]));
        Assert.Equal(("tiny", "succeeded", "Completed", 0), (job["trainer.job.name"], job["trainer.job.state"], job["trainer.job.reason"], job.Status));
        Assert.Equal(["queued", "starting", "running", "recovering", "running"], trace.Where(span => span.Parent == job.Id && States.Contains(span.Name)).OrderBy(span => span.Time.Start).Select(span => span.Name));

        // From the first word to the first step.
        var first = trace.Where(span => span.Name == "generation").MinBy(span => span.Time.Start)!;
        Assert.Equal(("Started", """["worker-0","worker-1"]"""), (first["trainer.generation.reason"], first["trainer.generation.members"]?.Replace(" ", "", StringComparison.Ordinal)));
        Assert.Equal(["first commit", "gather workers", "start"], Below(trace, first, "coordinator"));
        Assert.All(["worker-0", "worker-1"], worker =>
        {
            Assert.Equal(["build network", "first step", "open links", "take state"], Below(trace, first, worker));
            Assert.Superset(new HashSet<string> { "load data", "lay out" }, Below(trace, job, worker).ToHashSet());
        });

        // The loss.
        Assert.Equal(("""["worker-0"]""", """["worker-1"]"""), (recovery["trainer.generation.members"], recovery["trainer.generation.lost"]));
        Assert.Equal(["fence", "first commit", "start"], Below(trace, recovery, "coordinator"));
        Assert.Equal(["build network", "first step", "take state"], Below(trace, recovery, "worker-0"));
        Assert.Contains("hold", Below(trace, trace.First(span => span["trainer.generation.reason"] == "MembersChanged"), "coordinator"));

        // The caller's trace has the call, and each knows of the other.
        var call = Assert.Single(receiver.Spans, span => span.Trace == Callers);
        Assert.Equal(("trainer.v1.JobService/CreateJob", CallersSpan, Server, "CreateJob", "0"), (call.Name, call.Parent, call.Kind, call["rpc.method"], call["rpc.grpc.status_code"]));
        Assert.Equal([new SpanLink(job.Trace, job.Id)], call.Links);
        Assert.Equal([new SpanLink(Callers, call.Id)], Assert.Single(trace, span => span.Name == "request").Links);

        Assert.All(receiver.Spans, span =>
        {
            Assert.Equal(("http", "Bearer tracing"), (span.Protocol, span.Authorization));
            Assert.Equal(span.Process == "coordinator" ? "trainer-coordinator" : "trainer-worker", span.Resource.GetProperty("service.name").GetString());
            Assert.Equal("test", span.Resource.GetProperty("deployment.environment.name").GetString());
            Assert.StartsWith("0.", span.Resource.GetProperty("service.version").GetString());
        });
    }

    [Fact]
    public async Task Without_the_option_nothing_is_sent_whatever_the_environment_says()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var cluster = await LocalCluster.UpAsync(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Http, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf" }, workers: 1, threads: 1);
        await cluster.TrainAsync(new TinyJob().Write(cluster.Home));
        await cluster.RunAsync("down"); // Processes send what they have when they end.
        Assert.Empty(receiver.Spans);
    }

    [Fact]
    public async Task Spans_go_by_gRPC_as_well_and_the_jobs_log_says_what_its_trace_is()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var cluster = await LocalCluster.UpAsync(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc" }, workers: 1, threads: 1, "--otlp", receiver.Grpc);
        var id = (await cluster.TrainAsync(new TinyJob().Write(cluster.Home))).GetProperty("id").GetString()!;
        var job = await receiver.UntilAsync(spans => spans.FirstOrDefault(span => span.Name == "job"));
        await receiver.UntilAsync(spans => spans.FirstOrDefault(span => span.Name == "first step"));
        AssertIsTree([.. receiver.Spans.Where(span => span.Trace == job.Trace)], job);
        Assert.All(receiver.Spans, span => Assert.Equal("grpc", span.Protocol));
        Assert.Contains($"Its trace has the id {job.Trace}.", (await cluster.RunAsync("logs", id)).Output);
    }

    [Fact]
    public async Task A_job_does_not_care_that_the_collector_is_away_and_each_process_says_so_once_a_minute()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 2, threads: 1, "--otlp", "http://127.0.0.1:9");
        var job = new TinyJob(Epochs: 3, MinWorkers: 2);
        var ended = await cluster.TrainAsync(job.Write(cluster.Home));
        Assert.Equal("SUCCEEDED", ended.GetProperty("state").GetString());
        await cluster.RunAsync("down");
        foreach (var process in new[] { "coordinator", "worker-0", "worker-1" })
        {
            var complaints = Directory.GetFiles(Path.Combine(cluster.Home, "logs"), $"{process}*").SelectMany(File.ReadLines).Where(line => line.Contains("Spans do not reach", StringComparison.Ordinal)).ToList();
            var line = Assert.Single(complaints);
            Assert.Contains("Spans do not reach http://127.0.0.1:9/v1/traces and are dropped; nothing waits for them.", line);
            Assert.Contains("Connection refused", line);
        }
    }

    private static readonly string[] States = ["queued", "starting", "running", "recovering"];

    private static void AssertIsTree(IReadOnlyList<ReceivedSpan> trace, ReceivedSpan root)
    {
        Assert.Equal("", root.Parent);
        var ids = trace.Select(span => span.Id).ToList();
        Assert.Equal(ids.Distinct(), ids);
        Assert.All(trace, span => Assert.True(span == root || ids.Contains(span.Parent), $"{span} has no parent here:\n{string.Join('\n', trace)}"));
        Assert.All(trace, span => Assert.True(span.Time.Start < span.Time.End, $"{span}"));
        Assert.DoesNotContain(trace, span => span.Process == "coordinator" && span.Status == Failed);
    }

    private static List<string> Below(IEnumerable<ReceivedSpan> trace, ReceivedSpan parent, string process) =>
        [.. trace.Where(span => span.Parent == parent.Id && span.Process == process).Select(span => span.Name).Order(StringComparer.Ordinal)];

    private static async Task<string> SubmitAsync(LocalCluster cluster, string job)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["TRAINER_HOME"] = cluster.Home, ["TRACEPARENT"] = $"00-{Callers}-{CallersSpan}-01" };
        var outcome = await TrainerProcess.RunAsync(environment, TimeSpan.FromSeconds(60), "submit", job, "--output", "json");
        Assert.True(outcome.ExitCode == 0, $"{outcome}");
        return JsonDocument.Parse(outcome.Lines[^1]).RootElement.GetProperty("id").GetString()!;
    }
}
