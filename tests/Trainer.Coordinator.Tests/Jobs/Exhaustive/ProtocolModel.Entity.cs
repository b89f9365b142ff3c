using Trainer.Coordinator.Jobs;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Exhaustive;

/// <summary>What the entity does.</summary>
internal sealed partial class ProtocolModel
{
    private IEnumerable<Move> MovesOfEntity(ModelState state)
    {
        var generation = state.Generations[^1];
        if (!state.IsFencing && state.Known < generation.Committed)
        {
            yield return new Move($"the entity hears that {generation.Committed} is committed", state with { Known = generation.Committed });
        }

        if (state.Fences < fences)
        {
            var fencing = state with { Fences = state.Fences + 1, IsFencing = true, Answers = new Answer?[workers] };
            yield return new Move($"the entity fences with {2 * fencing.Fences}", fencing);
            yield return new Move($"another entity fences with {2 * fencing.Fences}", fencing with { Known = state.Row, Differing = null });
        }

        if (state.IsFencing && Array.Exists(state.Answers, answer => answer is not null) && Judge(state) is { } started)
        {
            yield return new Move($"the entity starts generation {started.Generations[^1].Number} after {started.Known}", started);
        }
    }

    private ModelState? Judge(ModelState state)
    {
        var answers = Enumerable.Range(0, workers).Where(worker => state.Answers[worker] is not null).ToDictionary(worker => _names[worker], worker => Report(state.Answers[worker]!.Value));
        var former = state.Generations[^1];
        string[] members = [.. Enumerable.Range(0, workers).Where(former.Has).Select(worker => _names[worker]), .. Enumerable.Range(0, workers).Where(worker => !former.Has(worker) && state.Answers[worker] is not null).Select(worker => _names[worker])];
        var verdict = Verdict.Of(members, answers, Name(new Copy(state.Known)), (ulong)former.From, Faults(state), new Setbacks(), TimeSpan.Zero);
        if (fromHighestApplied)
        {
            verdict = verdict is null ? null : HighestApplied(verdict, answers);
        }

        if (verdict is null)
        {
            return null;
        }

        var (from, number) = ((int)verdict.State.Item, 2 * state.Fences + 1);
        Rule(from == 0 || verdict.State.Hash == HashOf(new Copy(from)), "16", $"generation {number} is to go on from a state after {from} that is not the right one");
        Rule(state.Answers.All(answer => answer is null || answer.Value.Committed <= from), "3", $"generation {number} is to go on from {from}, and one who answered knows of more");
        Rule(from <= state.TrulyCommitted || fromHighestApplied, "5", $"generation {number} is to go on from {from}, which was never committed");
        Rule(!verdict.Holders.IsEmpty, "5", $"nobody in generation {number} holds {from}");
        var mask = verdict.Members.Sum(name => 1 << Array.IndexOf(_names, name));
        return state with
        {
            Generations = [.. state.Generations, new ModelGeneration(mask, from, 0, 0, 0, 0, from, 0, number)],
            Answers = new Answer?[workers],
            IsFencing = false,
            Known = from,
            Row = from,
            TrulyCommitted = Math.Max(state.TrulyCommitted, from),
            Differing = null,
        };
    }

    /// <summary>What must not be done: the highest item that anybody has applied, instead of the highest that anybody knows to be committed.</summary>
    private static Verdict HighestApplied(Verdict verdict, Dictionary<string, Fenced> answers)
    {
        var highest = answers.Values.SelectMany(answer => answer.Held).MaxBy(held => held.Item)!;
        return verdict with { State = highest, Holders = [.. answers.Keys.Where(name => answers[name].Held.Contains(highest))] };
    }

    private List<Fault> Faults(ModelState state)
    {
        List<Fault> faults = [.. Enumerable.Range(0, workers).Where(worker => state.Workers[worker].Broken).Select(worker =>
            new Fault(default, FaultKind.Failure, _names[worker], _names[worker], 0, 0, "rotten") { Failure = Failure.Types.Kind.Corruption })];
        if (state.Differing is { } differing)
        {
            faults.Add(new Fault(default, FaultKind.Disagreement, "", "", 0, 0, "")
            {
                Hashes = Enumerable.Range(0, workers).Where(worker => (differing.Members >> worker & 1) != 0).ToDictionary(worker => _names[worker], worker => (ulong)(differing.Spoilt >> worker & 1)),
            });
        }

        return faults;
    }
}
