using System.Diagnostics;

namespace Trainer.Hosting.Traces;

/// <summary>Something that took its time and is over. Spans are told when they have ended, so none is open when a process dies.</summary>
/// <param name="Name">One of <see cref="SpanCatalog"/>, or the state that a job was in.</param>
public sealed record Span(string Name, DateTimeOffset Start, DateTimeOffset End)
{
    /// <summary>Null: any.</summary>
    public ActivitySpanId? Id { get; init; }

    /// <summary>The span that it is below; default: none.</summary>
    public ActivitySpanId Parent { get; init; }

    public ActivityKind Kind { get; init; } = ActivityKind.Internal;

    /// <summary>Strings, numbers, or arrays of strings; null ones are left out.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> Attributes { get; init; } = [];

    /// <summary>Why it failed; null: it did not.</summary>
    public string? Error { get; init; }

    /// <summary>A span of another trace.</summary>
    public ActivityContext? Link { get; init; }
}
