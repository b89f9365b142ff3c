using System.Collections.Immutable;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>Who is left out of the next generation, though it answered.</summary>
/// <param name="IsCorrupt">Its memory, or what it computes, is not to be trusted.</param>
/// <param name="Kind">A word for the metrics: stuck, late, failed, links, corruption.</param>
public sealed record Exclusion(string Worker, string Why, bool IsCorrupt = false, string Kind = "corruption");

/// <summary>What follows from the answers to a fence: a pure function of them.</summary>
/// <param name="State">The last committed one: all go on from it.</param>
/// <param name="Holders">Who has it, by rank.</param>
/// <param name="Members">Who goes on, by rank.</param>
public sealed record Verdict(StateId State, ImmutableList<string> Holders, ImmutableList<string> Members, ImmutableList<Exclusion> Excluded, Setbacks Setbacks)
{
    /// <summary>Whose memory is not to be trusted; one of them may go on where nobody else holds the state.</summary>
    public ImmutableList<Exclusion> Corrupt { get; init; } = [];

    /// <summary>Null: nobody who answered holds the last committed state.</summary>
    /// <param name="members">Of the broken generation, by rank, then others who hold a state of the job.</param>
    /// <param name="answers">By worker.</param>
    /// <param name="known">The last committed state that the job knows of.</param>
    /// <param name="from">The item that the broken generation began after.</param>
    /// <param name="now">By the machine's own clock.</param>
    public static Verdict? Of(
        IReadOnlyList<string> members, IReadOnlyDictionary<string, Fenced> answers, StateId known, ulong from, IReadOnlyList<Fault> faults, Setbacks setbacks, TimeSpan now)
    {
        var answered = members.Where(answers.ContainsKey).ToImmutableList();
        var item = Math.Max(known.Item, answered.Select(worker => answers[worker].Committed).DefaultIfEmpty().Max());
        var state = Agreed(answered, answers, known, item);
        if (state is null)
        {
            return null;
        }

        var before = item > from ? setbacks.Commit(item) : setbacks; // What was committed came before what is wrong now.
        var holders = answered.RemoveAll(worker => item > 0 && !Holds(answers[worker], state));
        var spoilt = answered.Where(worker => item > 0 && HoldsAnother(answers[worker], state)).Select(worker => new Exclusion(worker, "its state is not that of the others", IsCorrupt: true));
        var links = faults.Count > 0 && answered.Count == members.Count ? CountLinks(faults, answers, before, now) : before;
        var isNameless = faults.Any(fault => fault.Kind == FaultKind.Disagreement) && !spoilt.Any() && !Minority(faults).Any();
        var excluded = spoilt.Concat(Accused(faults)).Concat(Minority(faults)).DistinctBy(exclusion => exclusion.Worker)
            .Where(exclusion => answered.Contains(exclusion.Worker)).ToImmutableList();
        excluded = excluded.AddRange(LackingLinks(answered.RemoveAll(worker => excluded.Exists(exclusion => exclusion.Worker == worker)), links, now));
        var corrupt = excluded.FindAll(exclusion => exclusion.IsCorrupt);
        var spared = Spare(excluded, answered, faults);
        excluded = KeepAHolder(excluded.RemoveAll(spared.Contains), holders);
        var goOn = answered.RemoveAll(worker => excluded.Exists(exclusion => exclusion.Worker == worker));
        return new Verdict(
            state, holders.RemoveAll(worker => !goOn.Contains(worker)), goOn, excluded,
            links with { Disagreements = before.Disagreements + (isNameless ? 1 : 0) })
        { Spared = spared, Corrupt = corrupt };
    }

    /// <summary>Who would have been left out if anybody had remained.</summary>
    public ImmutableList<Exclusion> Spared { get; private init; } = [];

    // The state after the last committed item: with the hash that is known, else with the one that most hold.
    private static StateId? Agreed(IReadOnlyList<string> answered, IReadOnlyDictionary<string, Fenced> answers, StateId known, ulong item)
    {
        if (item == 0)
        {
            return answered.Count > 0 ? new StateId() : null;
        }

        var held = answered.SelectMany(worker => answers[worker].Held).Where(state => state.Item == item).ToList();
        return item == known.Item && known.Hash != 0
            ? held.Find(state => state.Hash == known.Hash)
            : held.GroupBy(state => state.Hash).OrderByDescending(group => group.Count()).FirstOrDefault()?.First();
    }

    private static bool Holds(Fenced answer, StateId state) => answer.Held.Any(held => held.Item == state.Item && held.Hash == state.Hash);

    private static bool HoldsAnother(Fenced answer, StateId state) => answer.Held.Any(held => held.Item == state.Item && held.Hash != state.Hash);

    // By its own word, or because it does not move.
    private static IEnumerable<Exclusion> Accused(IEnumerable<Fault> faults) => faults
        .Where(fault => fault.Kind is FaultKind.Stuck or FaultKind.Late || fault is { Kind: FaultKind.Failure, Failure: not Failure.Types.Kind.NotFinite })
        .Select(fault => new Exclusion(fault.Worker, fault.Why, fault.IsCorruption, fault.IsCorruption ? "corruption" : fault.Kind == FaultKind.Failure ? "failed" : fault.Kind.ToString().ToLowerInvariant()));

    // Of hashes that differ, those of the fewer, if they are fewer.
    private static IEnumerable<Exclusion> Minority(IEnumerable<Fault> faults) => faults.Where(fault => fault.Kind == FaultKind.Disagreement).Take(1)
        .SelectMany(fault => fault.Hashes.GroupBy(hash => hash.Value).OrderByDescending(group => group.Count()).ToList() is [var most, .. var others] && others.Count > 0
            && most.Count() > others[0].Count() ? others.SelectMany(group => group) : [])
        .Select(hash => new Exclusion(hash.Key, "its state is not that of the others", IsCorrupt: true));

    // A link that closed because a third worker died does not count: so this is asked only where nobody is lost. Who waits itself keeps nobody waiting.
    private static Setbacks CountLinks(IEnumerable<Fault> faults, IReadOnlyDictionary<string, Fenced> answers, Setbacks before, TimeSpan now)
    {
        var pairs = faults.Where(fault => fault.Kind == FaultKind.Link && !BothLinked(answers, fault) || fault.Kind == FaultKind.Waiting && answers[fault.Worker].Waiting is null)
            .Where(fault => answers.ContainsKey(fault.Worker) && answers.ContainsKey(fault.Reporter))
            .Select(fault => Setbacks.Pair(fault.Reporter, fault.Worker)).Distinct();
        return before.Fail(pairs, now);
    }

    private static bool BothLinked(IReadOnlyDictionary<string, Fenced> answers, Fault fault) =>
        answers[fault.Reporter].Linked.Contains(fault.Worker) && answers[fault.Worker].Linked.Contains(fault.Reporter);

    // Whoever lacks most goes, of equals the one of the higher rank, until nobody lacks any.
    private static IEnumerable<Exclusion> LackingLinks(ImmutableList<string> workers, Setbacks setbacks, TimeSpan now)
    {
        while (true)
        {
            var bad = setbacks.Unlinked.Keys.Where(pair => workers.Contains(pair.Item1) && workers.Contains(pair.Item2) && !setbacks.AreLinked(pair.Item1, pair.Item2, now)).ToList();
            if (bad.Count == 0)
            {
                yield break;
            }

            var worst = workers.Reverse().MaxBy(worker => bad.Count(pair => pair.Item1 == worker || pair.Item2 == worker))!;
            workers = workers.Remove(worst);
            yield return new Exclusion(worst, "its links do not hold", Kind: "links");
        }
    }

    // Where all wait or are stuck, leaving somebody out helps nobody.
    private static ImmutableList<Exclusion> Spare(ImmutableList<Exclusion> excluded, ImmutableList<string> answered, IReadOnlyList<Fault> faults) =>
        answered.TrueForAll(worker => faults.Any(fault => fault.Kind == FaultKind.Stuck && fault.Worker == worker)) ? excluded : [];

    // Nobody is left out where nobody would be left, and the last who holds the state never is.
    private static ImmutableList<Exclusion> KeepAHolder(ImmutableList<Exclusion> excluded, ImmutableList<string> holders) =>
        holders.TrueForAll(holder => excluded.Exists(exclusion => exclusion.Worker == holder)) ? excluded.RemoveAll(exclusion => exclusion.Worker == holders[0]) : excluded;
}
