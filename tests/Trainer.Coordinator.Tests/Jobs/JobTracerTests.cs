using System.Diagnostics;
using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Tests.Jobs.Phases;
using Trainer.Hosting.Tests.Traces;
using Trainer.Hosting.Traces;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs;

/// <summary>Which spans a job's entity tells, of decisions that the real machine takes.</summary>
public sealed class JobTracerTests : IDisposable
{
    private readonly ListenedSpans _spans = new();

    public void Dispose() => _spans.Dispose();

    [Fact]
    public void From_its_creation_to_the_first_commit_of_the_first_generation()
    {
        var rig = New("j-first");
        rig.Pass(1).Target("a", "b").Pass(1).Standby("a", "b").Pass(1).Started("a", "b").Pass(1, "a", "b").Commit(1);
        Assert.Equal(["queued ^job", "gather workers ^1.1", "starting ^job", "start ^1.1", "generation 1.1 Started ^job", "first commit ^1.1"], Told("j-first"));

        var generation = Find("j-first", "generation");
        Assert.Equal((Samples.Noon.AddSeconds(1).UtcDateTime, 3.0), (generation.StartTimeUtc, generation.Duration.TotalSeconds)); // It waited a second.
        Assert.Equal(["a", "b"], (string[])generation.GetTagItem("trainer.generation.members")!);
        Assert.Equal((null, 1L), (generation.GetTagItem("trainer.generation.lost"), generation.GetTagItem("trainer.generation.from_step")));
        Assert.Equal((0.0, 1.0), (Find("j-first", "queued").StartTimeUtc.Subtract(Samples.Noon.UtcDateTime).TotalSeconds, Find("j-first", "queued").Duration.TotalSeconds));
    }

    [Fact]
    public void A_loss_from_the_moment_when_it_was_noticed()
    {
        var rig = New("j-loss").Train("a", "b");
        rig.Pass(2, "a", "b");
        var before = Told("j-loss").Count;
        rig.Report("a", new WorkerReport { LinkLost = new LinkLost { Peer = "b", Message = "closed", Opened = true, Item = 2, Step = 2 } });
        rig.Fenced("a", 1).Pass(3, "a").Pass(20, "a").Started("a").Commit(2);
        Assert.Equal(["running ^job", "fence ^1.3", "recovering ^job", "start ^1.3", "generation 1.3 WorkerLost ^job", "first commit ^1.3"], Told("j-loss").Skip(before));
        var generation = _spans.Of("j-loss").Last(span => span.DisplayName == "generation");
        Assert.Equal(Samples.Noon.AddSeconds(2).UtcDateTime, generation.StartTimeUtc);
        Assert.Equal(["b"], (string[])generation.GetTagItem("trainer.generation.lost")!);
    }

    [Fact]
    public void A_generation_that_breaks_before_it_commits_anything_has_failed()
    {
        var rig = New("j-breaks").Target("a", "b").Standby("a", "b").Started("a", "b");
        rig.Report("a", new WorkerReport { LinkLost = new LinkLost { Peer = "b", Message = "closed", Opened = true, Item = 1, Step = 1 } });
        var failed = Find("j-breaks", "generation");
        Assert.Equal((ActivityStatusCode.Error, "Worker a lost its link to b at step 1: closed", "1.1"), (failed.Status, failed.StatusDescription, failed.GetTagItem("trainer.generation")));
        rig.Fenced("a", 0).Fenced("b", 0).Pass(1, "a", "b").Started("a", "b").Commit(1);
        Assert.Equal(["1.1", "1.3"], _spans.Of("j-breaks").Where(span => span.DisplayName == "generation").Select(span => span.GetTagItem("trainer.generation")));
    }

    [Fact]
    public void A_generation_that_makes_room_before_its_first_commit_has_not_failed()
    {
        var rig = New("j-room").Target("a", "b").Standby("a", "b").Started("a", "b").Pass(1, "a", "b").Target("a").Pass(2, "a", "b");
        Assert.IsType<Holding>(rig.Phase);
        rig.Held(0, "a", "b").Started("a").Commit(1);
        var generations = _spans.Of("j-room").Where(span => span.DisplayName == "generation").ToList();
        Assert.Equal([("1.1", ActivityStatusCode.Unset, 3.0), ("1.2", ActivityStatusCode.Unset, 2.0)], generations.Select(span => ((string)span.GetTagItem("trainer.generation")!, span.Status, span.Duration.TotalSeconds)));
        Assert.Contains("hold ^1.2", Told("j-room"));
    }

    [Fact]
    public void A_suspension_leads_to_no_generation_and_a_failure_ends_the_job_with_an_error()
    {
        var rig = New("j-ends").Train("a");
        rig.Request(now => new SuspendRequested(now, "", "ann")).Held(2, "a");
        Assert.Contains("first commit ^1.1", Told("j-ends"));
        rig.Request(now => new CancelRequested(now, "", "ann")).Pass(1);
        Assert.True(rig.Row.HasEnded);
        var job = Find("j-ends", "job");
        Assert.Equal(
            (TraceIds.Root("j-ends"), default, "cancelled", ActivityStatusCode.Unset),
            (job.SpanId, job.ParentSpanId, job.GetTagItem("trainer.job.state"), job.Status));
        Assert.Contains("hold ^job", Told("j-ends"));

        var fails = New("j-fails", spec => spec.Cluster.Retries = 0).Train("a");
        fails.Report("a", new WorkerReport { LinkLost = new LinkLost { Peer = "a", Message = "closed" } });
        fails.Fail("a", Failure.Types.Kind.OtherHash, "other");
        Assert.Equal(ActivityStatusCode.Error, Find("j-fails", "job").Status);
    }

    /// <summary>Another entity goes on where one has died: with the ids that it would have used, and the times that the row has.</summary>
    [Fact]
    public void Whoever_takes_over_goes_on_with_the_trace()
    {
        var rig = New("j-taken").Target("a", "b").Standby("a", "b").Started("a");
        Assert.DoesNotContain(_spans.Of("j-taken"), span => span.DisplayName == "generation");

        var next = new JobRig(row: rig.Row with { Term = 2 }) { Tracer = new JobTracer("j-taken") };
        next.Pass(1).Alive("a", WorkerPhase.Training).Alive("b", WorkerPhase.Training).Pass(1, "a", "b").Commit(1);
        var generation = Find("j-taken", "generation");
        Assert.Equal((TraceIds.OfGeneration("j-taken", "1.1"), ActivityStatusCode.Unset), (generation.SpanId, generation.Status));
        Assert.Contains("ask workers ^job", Told("j-taken"));
        Assert.Equal(_spans.Of("j-taken").Count, _spans.Of("j-taken").Select(span => span.SpanId).Distinct().Count());
    }

    private static JobRig New(string id, Action<JobSpec>? change = null)
    {
        var spec = Samples.Spec();
        change?.Invoke(spec);
        return new JobRig(row: JobMachine.NewRow(id, new CreateJob { Spec = spec, RequestId = "r" }, Samples.Noon)) { Tracer = new JobTracer(id) };
    }

    private Activity Find(string id, string name) => _spans.Of(id).Single(span => span.DisplayName == name);

    // NAME ^ what it is below
    private List<string> Told(string id) => [.. _spans.Of(id).Select(span => span.DisplayName switch
    {
        "generation" => $"generation {span.GetTagItem("trainer.generation")} {span.GetTagItem("trainer.generation.reason")}",
        var name => name,
    } + (span.ParentSpanId == TraceIds.Root(id) ? " ^job" : $" ^{Enumerable.Range(1, 9).Select(number => $"1.{number}").FirstOrDefault(text => TraceIds.OfGeneration(id, text) == span.ParentSpanId)}"))];
}
