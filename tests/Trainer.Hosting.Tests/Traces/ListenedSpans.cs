using System.Collections.Concurrent;
using System.Diagnostics;
using Trainer.Hosting.Traces;

namespace Trainer.Hosting.Tests.Traces;

/// <summary>Spans of some traces, as they end in this process.</summary>
internal sealed class ListenedSpans : IDisposable
{
    private readonly ConcurrentQueue<Activity> _all = [];
    private readonly ActivityListener _listener;

    public ListenedSpans()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == SpanCatalog.Source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _all.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public IReadOnlyCollection<Activity> All => _all;

    /// <summary>Other tests run beside this one.</summary>
    public IReadOnlyList<Activity> Of(string job) => [.. _all.Where(span => span.TraceId == TraceIds.OfJob(job))];

    public void Dispose() => _listener.Dispose();
}
