namespace Trainer.Coordinator.Tests.Jobs.Exhaustive;

/// <summary>Breadth first through all that can happen; every state once.</summary>
internal sealed class Search(ProtocolModel model)
{
    private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);
    private readonly List<(int Before, string What)> _ways = [];
    private readonly List<List<int>> _before = [];
    private readonly List<bool> _mustEnd = [];

    public int States => _indices.Count;

    public int Transitions { get; private set; }

    /// <returns>What is broken, and the shortest way there; null: nothing is.</returns>
    public string? Run()
    {
        var frontier = new Queue<(ModelState State, int Index)>();
        var done = new List<int>();
        Visit(model.Begin(), -1, "", frontier);
        while (frontier.TryDequeue(out var next))
        {
            if (model.IsDone(next.State))
            {
                done.Add(next.Index);
                continue;
            }

            try
            {
                foreach (var move in model.Moves(next.State))
                {
                    Transitions++;
                    Visit(move.To, next.Index, move.What, frontier);
                }
            }
            catch (BrokenRuleException broken)
            {
                return $"{broken.Message}\n{Way(next.Index)}";
            }
        }

        return DeadEnd(done) is >= 0 and var lost ? $"Nothing leads to the end any more:\n{Way(lost)}" : null;
    }

    private void Visit(ModelState state, int before, string what, Queue<(ModelState, int)> frontier)
    {
        var key = state.Key();
        if (!_indices.TryGetValue(key, out var index))
        {
            index = _indices.Count;
            _indices.Add(key, index);
            _ways.Add((before, what));
            _before.Add([]);
            _mustEnd.Add(model.MustEnd(state));
            frontier.Enqueue((state, index));
        }

        if (before >= 0)
        {
            _before[index].Add(before);
        }
    }

    // Backwards from all ends: who is not reached cannot reach one.
    private int DeadEnd(List<int> done)
    {
        var canEnd = new bool[States];
        var frontier = new Stack<int>(done);
        while (frontier.TryPop(out var index))
        {
            if (!canEnd[index])
            {
                canEnd[index] = true;
                _before[index].ForEach(frontier.Push);
            }
        }

        return Enumerable.Range(0, States).FirstOrDefault(index => _mustEnd[index] && !canEnd[index], -1);
    }

    private string Way(int index)
    {
        var steps = new List<string>();
        for (; index > 0; index = _ways[index].Before)
        {
            steps.Add(_ways[index].What);
        }

        steps.Reverse();
        return string.Join("\n", steps);
    }
}
