using System.Collections.Immutable;

namespace Trainer.Coordinator.Jobs;

/// <summary>What has gone wrong since an item was last committed: more of the same means something else.</summary>
public sealed record Setbacks
{
    /// <summary>How long a pair whose link does not hold is not put together again.</summary>
    public static readonly TimeSpan UnlinkedFor = TimeSpan.FromMinutes(10);

    /// <summary>Losses one after another.</summary>
    public int Losses { get; init; }

    /// <summary>Of these, those in which a worker died or failed.</summary>
    public int Deaths { get; init; }

    /// <summary>The pairs of living workers whose link failed once.</summary>
    public ImmutableDictionary<(string, string), int> Links { get; init; } = ImmutableDictionary<(string, string), int>.Empty;

    /// <summary>Pairs whose link failed again, and until when they count as not linked. A commit does not mend a network.</summary>
    public ImmutableDictionary<(string, string), TimeSpan> Unlinked { get; init; } = ImmutableDictionary<(string, string), TimeSpan>.Empty;

    /// <summary>How often a disagreement named nobody.</summary>
    public int Disagreements { get; init; }

    /// <summary>How often the checkpoint to begin with could not be had.</summary>
    public int Unreadable { get; init; }

    /// <summary>A step that was not finite, and exceptions, with the number of their generation: until their item is committed.</summary>
    public ImmutableList<(Fault Fault, ulong Number)> Remembered { get; init; } = [];

    public Setbacks Commit(ulong item) => new() { Remembered = Remembered.RemoveAll(memory => memory.Fault.Item <= item), Unlinked = Unlinked };

    /// <summary>The links of some pairs failed: once may happen, twice is a network that does not hold.</summary>
    public Setbacks Fail(IEnumerable<(string, string)> pairs, TimeSpan now) => pairs.Aggregate(this, (setbacks, pair) => setbacks.Links.GetValueOrDefault(pair) == 0
        ? setbacks with { Links = setbacks.Links.Add(pair, 1) }
        : setbacks with { Unlinked = setbacks.Unlinked.SetItem(pair, now + UnlinkedFor) });

    public bool AreLinked(string one, string other, TimeSpan now) => !(Unlinked.TryGetValue(Pair(one, other), out var until) && now < until);

    /// <summary>Of workers in their order, those who are linked with all before them.</summary>
    public ImmutableList<string> Linkable(IEnumerable<string> workers, TimeSpan now) => workers.Aggregate(
        ImmutableList<string>.Empty, (chosen, worker) => chosen.TrueForAll(other => AreLinked(other, worker, now)) ? chosen.Add(worker) : chosen);

    public static (string, string) Pair(string a, string b) => string.CompareOrdinal(a, b) < 0 ? (a, b) : (b, a);

    /// <summary>Before the next generation.</summary>
    public TimeSpan BackOff => Losses < 5 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(60, 1 << Math.Min(Losses - 5, 6)));
}
