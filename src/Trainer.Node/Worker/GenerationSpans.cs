using Trainer.Hosting.Traces;
using Trainer.Node.Links;
using Trainer.Node.Training;

namespace Trainer.Node.Worker;

/// <summary>From a worker's entry into a generation to the first step that it sees committed there: its spans, each once.</summary>
internal sealed class GenerationSpans(WorkerSpans spans, GenerationNumber generation, int links)
{
    private readonly DateTimeOffset _entered = DateTimeOffset.UtcNow;
    private readonly HashSet<int> _linked = [];
    private DateTimeOffset? _training;
    private bool _isOver;

    /// <summary>A link to a rank is up.</summary>
    public void Linked(int rank)
    {
        if (_linked.Add(rank) && _linked.Count == links)
        {
            spans.Tell(SpanCatalog.OpenLinks, generation, _entered);
        }
    }

    /// <summary>It begins to compute.</summary>
    public void Trains() => _training = DateTimeOffset.UtcNow;

    /// <summary>Items are committed.</summary>
    public void Committed()
    {
        if (!_isOver && _training is { } since)
        {
            _isOver = true;
            spans.Tell(SpanCatalog.FirstStep, generation, since);
        }
    }

    /// <summary>The generation is left.</summary>
    public void End()
    {
        if (_linked.Count < links)
        {
            spans.Tell(SpanCatalog.OpenLinks, generation, _entered, WorkerSpans.Over);
        }
        else if (!_isOver && _training is { } since)
        {
            spans.Tell(SpanCatalog.FirstStep, generation, since, WorkerSpans.Over);
        }
    }
}
