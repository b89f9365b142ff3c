using System.Diagnostics;
using Trainer.Hosting.Tests.Traces;
using Trainer.Hosting.Traces;
using Trainer.Node.Links;
using Trainer.Node.Training;
using Trainer.Node.Worker;

namespace Trainer.Node.Tests.Training;

public sealed class WorkerSpansTests : IDisposable
{
    private static readonly GenerationNumber Number = new(3, 7);

    private readonly ListenedSpans _spans = new();

    public void Dispose() => _spans.Dispose();

    [Fact]
    public void What_is_measured_gives_what_it_gave_and_says_how_it_ended()
    {
        var worker = new WorkerSpans("j-measured", "worker-2");
        Assert.Equal(11, worker.Measure("load data", null, () => 11));
        Assert.Throws<InvalidOperationException>(() => worker.Measure<int>("take state", Number, () => throw new InvalidOperationException("no holder")));
        Assert.Throws<OperationCanceledException>(() => worker.Measure<int>("build network", Number, () => throw new OperationCanceledException()));

        Assert.Equal(
            [
                ("load data", TraceIds.Root("j-measured"), null, "worker-2", null),
                ("take state", TraceIds.OfGeneration("j-measured", "3.7"), "no holder", "worker-2", "3.7"),
                ("build network", TraceIds.OfGeneration("j-measured", "3.7"), "The generation was over.", "worker-2", "3.7"),
            ],
            _spans.Of("j-measured").Select(Short));
    }

    [Fact]
    public void Links_and_first_step_are_told_once()
    {
        var generation = new GenerationSpans(new WorkerSpans("j-enters", "worker-2"), Number, links: 2);
        generation.Linked(0);
        generation.Linked(0); // A peer opened it again.
        Assert.Empty(_spans.Of("j-enters"));
        generation.Linked(2);
        generation.Linked(2);
        generation.Committed(); // Of a generation before.
        generation.Trains();
        generation.Committed();
        generation.Committed();
        generation.End();
        Assert.Equal([("open links", null), ("first step", null)], _spans.Of("j-enters").Select(span => (span.DisplayName, span.StatusDescription)));
    }

    [Fact]
    public void What_a_generation_broke_off_is_told_as_that()
    {
        var unlinked = new GenerationSpans(new WorkerSpans("j-broken", "worker-2"), Number, links: 2);
        unlinked.Linked(1);
        unlinked.End();
        var alone = new GenerationSpans(new WorkerSpans("j-broken", "worker-2"), Number, links: 0);
        alone.Trains();
        alone.End();
        Assert.Equal([("open links", "The generation was over."), ("first step", "The generation was over.")], _spans.Of("j-broken").Select(span => (span.DisplayName, span.StatusDescription)));
        Assert.All(_spans.Of("j-broken"), span => Assert.Equal(ActivityStatusCode.Error, span.Status));
    }

    private static (string Name, ActivitySpanId Parent, string? Error, object? Worker, object? Generation) Short(Activity span) =>
        (span.DisplayName, span.ParentSpanId, span.StatusDescription, span.GetTagItem("trainer.worker"), span.GetTagItem("trainer.generation"));
}
