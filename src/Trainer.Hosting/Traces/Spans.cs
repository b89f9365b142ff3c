using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Trainer.Hosting.Traces;

/// <summary>Tells spans of jobs to whoever listens in this process: <see cref="TraceExport"/>, or nobody, which costs nothing.</summary>
public static class Spans
{
    private static readonly ActivitySource Source = new(SpanCatalog.Source);

    /// <summary>Somebody listens.</summary>
    public static bool AreOn => Source.HasListeners();

    /// <summary>A span of a job's own trace.</summary>
    /// <returns>How others refer to it; null: nobody wants it, or it is none of the sample.</returns>
    public static ActivityContext? Tell(string job, Span span) =>
        Tell(new ActivityContext(TraceIds.OfJob(job), span.Parent, ActivityTraceFlags.Recorded, traceState: null, isRemote: true), span);

    /// <param name="parent">The trace, and the span that this one is below.</param>
    /// <returns>How others refer to it; null: nobody wants it, or it is none of the sample.</returns>
    public static ActivityContext? Tell(ActivityContext parent, Span span)
    {
        var attributes = span.Attributes.Where(attribute => attribute.Value is not null);
        using var activity = Source.CreateActivity(span.Name, span.Kind, parent, attributes, span.Link is { } link ? [new ActivityLink(link)] : null, ActivityIdFormat.W3C);
        if (activity is null)
        {
            return null;
        }

        activity.SetStartTime(span.Start.UtcDateTime);
        activity.Start();
        if (span.Id is { } id)
        {
            SetId(activity, id);
        }

        if (span.Error is { } error)
        {
            activity.SetStatus(ActivityStatusCode.Error, error);
        }

        activity.SetEndTime(span.End > span.Start ? span.End.UtcDateTime : span.Start.UtcDateTime.AddTicks(1)); // A clock may have been set back.
        return activity.Recorded ? activity.Context : null;
    }

    // .NET lets nobody choose a span's id, so the field is set in which Activity keeps it, at a moment when nothing has read it. Where a later runtime has no such field, the id is a random one,
    // and spans below it have a parent that nobody finds; a test sees that.
    private static void SetId(Activity activity, ActivitySpanId id)
    {
        try
        {
            IdOf(activity) = id.ToHexString();
        }
        catch (MissingFieldException)
        {
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_spanId")]
    private static extern ref string? IdOf(Activity activity);
}
