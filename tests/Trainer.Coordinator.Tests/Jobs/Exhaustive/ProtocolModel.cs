using Trainer.Coordinator.Jobs;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.States;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Exhaustive;

/// <summary>A step that the model takes, and where it leads.</summary>
internal readonly record struct Move(string What, ModelState To);

/// <summary>
/// A small world in which everything may happen at any moment that the protocol's rules 1 to 5 and 16 leave open: what can follow one state is <see cref="Moves"/>, and what must
/// never be throws <see cref="BrokenRuleException"/>. The decisions are the real ones: <see cref="StateLedger"/> (rule 1), <see cref="CommitRound"/> (rule 2), <see cref="Verdict"/> (rules 3, 5, 16).
/// </summary>
/// <remarks>
/// A message that was sent stays where it is and may be received late, twice or never; so a loss, a delay and a hung process need no moves of their own. Timeouts may strike at any time: the
/// entity may fence whenever it likes, and decide from whatever answers it has. A number stands for a generation or fence: fence i has 2i, a generation after it 2i + 1.
/// A coordinator's death (rule 4) is a fence by another entity, which knows what the row says. Rule 16: one bit changes, in a state that is held (its reader sees it, and applies nothing), or while
/// it is written by one of several members (its hash then differs from theirs).
/// </remarks>
internal sealed partial class ProtocolModel(int workers, int items, int fences, int crashes, int flips, bool fromHighestApplied = false)
{
    private readonly string[] _names = [.. Enumerable.Range(0, workers).Select(worker => $"w{worker}")];

    public ModelState Begin() => new(
        [.. Enumerable.Range(0, workers).Select(_ => new ModelWorker(true, 0, -1, new Copy(0), null, false, 0, false))],
        [new ModelGeneration((1 << workers) - 1, 0, 0, 0, 0, 0, 0, 0, Number: 1)],
        new Answer?[workers], 0, false, 0, 0, null, 0, 0, 0);

    public bool IsDone(ModelState state) => state.TrulyCommitted == items;

    /// <summary>Somebody lives who holds, unharmed, what is known to be committed, and the entity may still fence: nothing is lost.</summary>
    public bool MustEnd(ModelState state)
    {
        var living = state.Workers.Where(worker => worker.Alive).ToList();
        var known = living.Select(worker => worker.Committed).Append(state.Known).Max();
        return state.Fences < fences && living.Exists(worker => !worker.Broken && (IsGood(worker.Current, known) || worker.Previous is { } previous && IsGood(previous, known)));
    }

    public IEnumerable<Move> Moves(ModelState state)
    {
        for (var worker = 0; worker < workers; worker++)
        {
            if (state.Workers[worker].Alive)
            {
                foreach (var move in MovesOf(state, worker))
                {
                    yield return move;
                }
            }
        }

        foreach (var move in MovesOfEntity(state))
        {
            yield return move;
        }
    }

    private static bool IsGood(Copy copy, int item) => copy.Item == item && !copy.Spoilt && !copy.Rotten;

    private static int Nibble(int all, int worker) => all >> 4 * worker & 15;

    private static int Set(int all, int worker, int item) => all & ~(15 << 4 * worker) | item << 4 * worker;

    private bool AllHave(ModelGeneration generation, int all, int item) => Enumerable.Range(0, workers).All(worker => !generation.Has(worker) || Nibble(all, worker) >= item);

    private static ulong HashOf(Copy copy) => (ulong)(2 * copy.Item + 2 + (copy.Spoilt ? 1 : 0));

    private static HeldState Of(Copy copy) => new((ulong)copy.Item, HashOf(copy));

    private static Copy Of(HeldState held, ModelWorker own) => own.Current.Item == (int)held.Item ? own.Current : own.Previous!.Value;

    private static StateId Name(Copy copy) => new() { Item = (ulong)copy.Item, Hash = copy.Item == 0 ? 0 : HashOf(copy) };

    private static Fenced Report(Answer answer)
    {
        var fenced = new Fenced { Held = { Name(answer.Current) }, Committed = (ulong)answer.Committed };
        if (answer.Previous is { } previous)
        {
            fenced.Held.Add(Name(previous));
        }

        return fenced;
    }

    private static StateLedger Ledger(ModelWorker own)
    {
        var ledger = new StateLedger();
        if (own.Previous is { } previous)
        {
            ledger.Take(Of(previous));
            ledger.Flip(default, () => Of(own.Current));
        }
        else
        {
            ledger.Take(Of(own.Current));
        }

        ledger.Begin(default, (ulong)own.Committed);
        ledger.Fence(new GenerationNumber(1, (ulong)own.Authority));
        return ledger;
    }

    private static void Rule(bool holds, string number, string otherwise)
    {
        if (!holds)
        {
            throw new BrokenRuleException($"Rule {number} is broken: {otherwise}.");
        }
    }
}

internal sealed class BrokenRuleException(string message) : Exception(message);
