namespace Trainer.Coordinator.Tests.Jobs.Exhaustive;

/// <summary>A state that a worker holds.</summary>
/// <param name="Spoilt">Its hash is not the right one: a bit changed while it was written.</param>
/// <param name="Rotten">It is not what its hash says: a bit changed afterwards.</param>
internal readonly record struct Copy(int Item, bool Spoilt = false, bool Rotten = false);

/// <param name="Authority">The highest number that an order came with.</param>
/// <param name="Generation">That it is in, by index; -1: none.</param>
/// <param name="Writing">It has begun to write the next state over the one that is not current.</param>
/// <param name="Broken">It has seen that it is rotten, and applies nothing.</param>
internal readonly record struct ModelWorker(bool Alive, int Authority, int Generation, Copy Current, Copy? Previous, bool Writing, int Committed, bool Broken);

/// <summary>A generation that was started, and all that its members have sent each other; what is sent may arrive at any time, or never.</summary>
/// <param name="Members">A bit for each worker; the lowest is rank 0.</param>
/// <param name="From">The item that all begin after.</param>
/// <param name="Begun">Four bits for each worker: the item that it has contributed to.</param>
/// <param name="Applied">Likewise: the item that it has told rank 0 of.</param>
/// <param name="SpoiltApplied">Whose last word had another hash.</param>
/// <param name="Received">Whose word of the item after <paramref name="Committed"/> has reached rank 0.</param>
/// <param name="Committed">By rank 0.</param>
/// <param name="Total">The last item of which rank 0 has sent its total.</param>
/// <param name="Number">One above that of the last fence before it.</param>
internal readonly record struct ModelGeneration(int Members, int From, int Begun, int Applied, int SpoiltApplied, int Received, int Committed, int Total, int Number)
{
    public int RankZero => int.TrailingZeroCount(Members);

    public bool Has(int worker) => (Members >> worker & 1) != 0;
}

/// <summary>What the answer to a fence says.</summary>
internal readonly record struct Answer(Copy Current, Copy? Previous, int Committed);

/// <summary>Workers, all that is under way between them, and the job's entity: a value.</summary>
/// <param name="Known">The highest item that the entity knows to be committed.</param>
/// <param name="Row">The same, as a new entity would find it.</param>
/// <param name="Differing">The members' words that rank 0 reported as different: who said what is spoilt, in a generation; null: none.</param>
internal sealed record ModelState(
    ModelWorker[] Workers, ModelGeneration[] Generations, Answer?[] Answers, int Fences, bool IsFencing, int Known, int Row, (int Members, int Spoilt)? Differing, int Crashes, int Flips, int TrulyCommitted)
{
    /// <summary>Equal for equal states.</summary>
    public string Key()
    {
        var key = new System.Text.StringBuilder(64);
        foreach (var worker in Workers)
        {
            key.Append(Code(worker.Alive, worker.Writing, worker.Broken)).Append((char)(worker.Authority + 1)).Append((char)(worker.Generation + 2)).Append(Code(worker.Current)).Append(Code(worker.Previous)).Append((char)(worker.Committed + 1));
        }

        foreach (var generation in Generations)
        {
            key.Append((char)(generation.Members << 8 | generation.SpoiltApplied << 4 | generation.Received)).Append((char)generation.Begun).Append((char)generation.Applied)
                .Append((char)(generation.From << 8 | generation.Committed << 4 | generation.Total)).Append((char)generation.Number);
        }

        foreach (var answer in Answers)
        {
            key.Append(answer is { } said ? $"{Code(said.Current)}{Code(said.Previous)}{(char)(said.Committed + 1)}" : "-");
        }

        return key.Append((char)(Fences + 1)).Append(Code(IsFencing, false, false)).Append((char)(Known << 4 | Row)).Append((char)(Differing is { } differing ? 1 + (differing.Members << 4 | differing.Spoilt) : 0))
            .Append((char)(Crashes << 4 | Flips)).Append((char)TrulyCommitted).ToString();
    }

    public ModelState With(int worker, ModelWorker changed)
    {
        var workers = (ModelWorker[])Workers.Clone();
        workers[worker] = changed;
        return this with { Workers = workers };
    }

    public ModelState With(int generation, ModelGeneration changed)
    {
        var generations = (ModelGeneration[])Generations.Clone();
        generations[generation] = changed;
        return this with { Generations = generations };
    }

    private static char Code(bool one, bool two, bool three) => (char)(1 + (one ? 1 : 0) + (two ? 2 : 0) + (three ? 4 : 0));

    private static char Code(Copy? copy) => copy is { } held ? (char)(2 + (held.Item << 2) + (held.Spoilt ? 1 : 0) + (held.Rotten ? 2 : 0)) : '\u0001';
}
