using Trainer.Node.Links;
using Trainer.Node.Reduction;

namespace Trainer.Coordinator.Tests.Jobs.Exhaustive;

/// <summary>What workers do, and what befalls them.</summary>
internal sealed partial class ProtocolModel
{
    private IEnumerable<Move> MovesOf(ModelState state, int worker) =>
        [.. Mishaps(state, worker), .. Orders(state, worker), .. state.Workers[worker].Generation >= 0 ? Work(state, worker) : []];

    private IEnumerable<Move> Mishaps(ModelState state, int worker)
    {
        var own = state.Workers[worker];
        if (state.Crashes < crashes)
        {
            yield return new Move($"w{worker} dies", (state with { Crashes = state.Crashes + 1 }).With(worker, Dead(own)));
        }

        if (state.Flips < flips && own.Current.Item > 0)
        {
            yield return new Move($"a bit of w{worker}'s state {own.Current.Item} changes", (state with { Flips = state.Flips + 1 }).With(worker, own with { Current = own.Current with { Rotten = true } }));
        }

        if (state.Flips < flips && own.Previous is { Item: > 0 } previous)
        {
            yield return new Move($"a bit of w{worker}'s state {previous.Item} changes", (state with { Flips = state.Flips + 1 }).With(worker, own with { Previous = previous with { Rotten = true } }));
        }
    }

    // Nobody sees what a dead one held: equal states are one.
    private static ModelWorker Dead(ModelWorker own) => own with { Alive = false, Authority = 0, Generation = -1, Current = new Copy(0), Previous = null, Writing = false, Committed = 0, Broken = false };

    private IEnumerable<Move> Orders(ModelState state, int worker)
    {
        var own = state.Workers[worker];
        for (var fence = 1; fence <= state.Fences; fence++)
        {
            if (2 * fence > own.Authority)
            {
                yield return new Move($"w{worker} answers fence {2 * fence}", Answer(state, worker, fence));
            }
        }

        for (var index = 0; index < state.Generations.Length; index++)
        {
            if (state.Generations[index].Number > own.Authority && state.Generations[index].Has(worker) && Enter(state, worker, index) is { } entered)
            {
                yield return new Move($"w{worker} enters generation {state.Generations[index].Number}", entered);
            }
        }
    }

    private static ModelState Answer(ModelState state, int worker, int fence)
    {
        var own = state.Workers[worker];
        var ledger = Ledger(own);
        var entry = ledger.Fence(new GenerationNumber(1, (ulong)(2 * fence)));
        var next = state.With(worker, own with { Authority = 2 * fence });
        if (!state.IsFencing || fence != state.Fences)
        {
            return next;
        }

        var answers = (Answer?[])state.Answers.Clone();
        answers[worker] = new Answer(Of(entry.Held[0], own), entry.Held.Count > 1 ? Of(entry.Held[1], own) : null, (int)entry.Committed);
        return next with { Answers = answers };
    }

    // It has the state, or flips back to it, or makes it, or gets it from a member that is in the generation with it, whole. Null: not yet.
    private ModelState? Enter(ModelState state, int worker, int index)
    {
        var (own, generation) = (state.Workers[worker], state.Generations[index]);
        var wanted = new Copy(generation.From);
        var (ledger, number) = (Ledger(own), new GenerationNumber(1, (ulong)state.Generations[index].Number));
        ledger.Fence(number);
        var (current, previous) = (own.Current, own.Previous);
        if (!ledger.Current!.Value.Is(Of(wanted)))
        {
            if (ledger.FlipBackTo(number, Of(wanted), () => { }))
            {
                (current, previous) = (own.Previous!.Value, null);
            }
            else if (generation.From == 0 || Array.Exists(state.Workers, other => other.Alive && other.Generation == index && IsGood(other.Current, generation.From)))
            {
                (current, previous) = (wanted, null);
            }
            else
            {
                return null;
            }
        }

        var entered = new ModelWorker(true, state.Generations[index].Number, index, current, previous, false, generation.From, false);
        return Contribute(state.With(worker, entered), worker, index);
    }

    private IEnumerable<Move> Work(ModelState state, int worker)
    {
        var own = state.Workers[worker];
        var (index, generation) = (own.Generation, state.Generations[own.Generation]);
        var (item, isFenced) = (own.Current.Item + 1, own.Authority > state.Generations[own.Generation].Number);
        if (own.Writing)
        {
            yield return new Move($"w{worker} flips to {item}", Flip(state, worker, isSpoilt: false));
            if (own.Current.Rotten)
            {
                yield return new Move($"w{worker} has read a bit that had changed", state.With(worker, own with { Writing = false, Broken = true })); // Else it changed after it was read.
            }

            if (!isFenced && state.Flips < flips && int.PopCount(generation.Members) > 1)
            {
                yield return new Move($"w{worker} flips to {item}, in which a bit has changed", Flip(state with { Flips = state.Flips + 1 }, worker, isSpoilt: true));
            }
        }

        if (isFenced)
        {
            yield break;
        }

        if (!own.Writing && !own.Broken && item <= items && generation.Total >= item && AllHave(generation, generation.Begun, item))
        {
            yield return new Move($"w{worker} begins to write {item}", BeginWrite(state, worker, item));
        }

        if (generation.RankZero == worker)
        {
            foreach (var member in Enumerable.Range(0, workers).Where(member => Nibble(generation.Applied, member) == generation.Committed + 1))
            {
                yield return new Move($"w{worker} hears that w{member} has applied {generation.Committed + 1}", Hear(state, index, member));
            }
        }
        else if (own.Committed < generation.Committed)
        {
            yield return new Move($"w{worker} hears that {own.Committed + 1} is committed", state.With(worker, Committed(state, worker, own.Committed + 1)));
        }
    }

    // That item - 1 is committed came before rank 0's total, on the same link. What it reads it hashes: where that is not the hash that it had, it applies nothing.
    private static ModelState BeginWrite(ModelState state, int worker, int item)
    {
        var own = Committed(state, worker, item - 1);
        if (own.Current.Rotten)
        {
            return state.With(worker, own with { Broken = true, Previous = null });
        }

        Ledger(own).BeginWrite(new GenerationNumber(1, (ulong)state.Generations[own.Generation].Number));
        return state.With(worker, own with { Writing = true, Previous = null });
    }

    private ModelState Flip(ModelState state, int worker, bool isSpoilt)
    {
        var (own, next) = (state.Workers[worker], new Copy(state.Workers[worker].Current.Item + 1, isSpoilt));
        try
        {
            Ledger(own).Flip(new GenerationNumber(1, (ulong)state.Generations[own.Generation].Number), () => Of(next));
        }
        catch (OperationCanceledException)
        {
            return state.With(worker, own with { Writing = false });
        }

        var (index, generation) = (own.Generation, state.Generations[own.Generation]);
        Rule(own.Authority <= state.Generations[index].Number, "1", $"w{worker} flips to {next.Item} in generation {state.Generations[index].Number} after it answered fence {own.Authority}");
        Rule(next.Item - 1 <= state.TrulyCommitted, "2", $"w{worker} applies {next.Item}, and {next.Item - 1} is not committed");
        Rule(!own.Current.Spoilt, "16", $"w{worker} applies {next.Item} to a state that is not that of {next.Item - 1}");
        var told = generation with
        {
            Applied = Set(generation.Applied, worker, next.Item),
            SpoiltApplied = isSpoilt ? generation.SpoiltApplied | 1 << worker : generation.SpoiltApplied & ~(1 << worker),
        };
        return Contribute(state.With(worker, own with { Writing = false, Previous = own.Current, Current = next }).With(index, told), worker, index);
    }

    // Rank 0's list is rebuilt from what it has received; the same word again changes nothing.
    private ModelState Hear(ModelState state, int index, int member)
    {
        var (generation, item) = (state.Generations[index], state.Generations[index].Committed + 1);
        var ranks = Enumerable.Range(0, workers).Where(generation.Has).ToList();
        var round = new CommitRound([.. ranks.Select(rank => _names[rank])], (ulong)generation.Committed);
        var isCommitted = false;
        foreach (var told in ranks.Where(rank => (generation.Received >> rank & 1) != 0).Append(member))
        {
            isCommitted = round.Note(ranks.IndexOf(told), (ulong)item, HashOf(new Copy(item, (generation.SpoiltApplied >> told & 1) != 0)));
        }

        if (!isCommitted)
        {
            var next = state.With(index, generation with { Received = generation.Received | 1 << member });
            return round.Disagreement() is null ? next : next with { Differing = (generation.Members, generation.SpoiltApplied) };
        }

        Rule(ranks.TrueForAll(rank => Nibble(generation.Applied, rank) >= item), "2", $"{item} is committed, and not all have applied it");
        Rule((generation.SpoiltApplied & generation.Members) == 0, "16", $"{item} is committed, and its hash is not the right one");
        var committed = state.With(index, generation with { Received = 0, Committed = item }) with { TrulyCommitted = Math.Max(state.TrulyCommitted, item) };
        var zero = committed.With(generation.RankZero, Committed(committed, generation.RankZero, item));
        return zero.With(index, WithTotal(zero.Generations[index]));
    }

    private ModelState Contribute(ModelState state, int worker, int index)
    {
        var generation = state.Generations[index];
        var begun = Math.Min(state.Workers[worker].Current.Item + 1, items);
        return state.With(index, WithTotal(generation with { Begun = Set(generation.Begun, worker, begun) }));
    }

    // Rank 0's total of an item: all have contributed, and the item before is committed. (Where rank 0 has stopped meanwhile, it was sent before.)
    private ModelGeneration WithTotal(ModelGeneration generation)
    {
        var item = Math.Min(generation.Committed > generation.From ? generation.Committed + 1 : generation.From + 1, items);
        return AllHave(generation, generation.Begun, item) ? generation with { Total = Math.Max(generation.Total, item) } : generation;
    }

    private static ModelWorker Committed(ModelState state, int worker, int item)
    {
        var own = state.Workers[worker];
        var ledger = Ledger(own);
        ledger.Commit(new GenerationNumber(1, (ulong)state.Generations[own.Generation].Number), (ulong)item);
        return own with { Committed = (int)ledger.Committed };
    }
}
