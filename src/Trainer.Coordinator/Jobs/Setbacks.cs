using System.Collections.Immutable;

namespace Trainer.Coordinator.Jobs;

/// <summary>What has gone wrong since an item was last committed: more of the same means something else.</summary>
public sealed record Setbacks
{
    /// <summary>Losses one after another.</summary>
    public int Losses { get; init; }

    /// <summary>Of these, those in which a worker died or failed.</summary>
    public int Deaths { get; init; }

    /// <summary>How often the link of a pair of living workers failed.</summary>
    public ImmutableDictionary<(string, string), int> Links { get; init; } = ImmutableDictionary<(string, string), int>.Empty;

    /// <summary>How often a disagreement named nobody.</summary>
    public int Disagreements { get; init; }

    /// <summary>How often the checkpoint to begin with could not be had.</summary>
    public int Unreadable { get; init; }

    /// <summary>A step that was not finite, and exceptions, with the number of their generation: until their item is committed.</summary>
    public ImmutableList<(Fault Fault, ulong Number)> Remembered { get; init; } = [];

    public Setbacks Commit(ulong item) => new() { Remembered = Remembered.RemoveAll(memory => memory.Fault.Item <= item) };

    public static (string, string) Pair(string a, string b) => string.CompareOrdinal(a, b) < 0 ? (a, b) : (b, a);

    /// <summary>Before the next generation.</summary>
    public TimeSpan BackOff => Losses < 5 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(60, 1 << Math.Min(Losses - 5, 6)));
}
