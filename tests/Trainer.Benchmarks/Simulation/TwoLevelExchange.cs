namespace Trainer.Benchmarks.Simulation;

/// <summary>A member's part of a chunk (-1: it is complete there; 0), a group's sum of it (1), the total to each group (2), and to each member (3).</summary>
internal sealed class TwoLevelExchange
{
    private readonly StepModel _model;
    private readonly int _size;
    private readonly int _groups;
    private readonly int[] _missing;
    private readonly int[] _missingGroups;

    public TwoLevelExchange(StepModel model, int size)
    {
        (_model, _size, _groups) = (model, size, model.Workers / size);
        _missing = [.. Enumerable.Repeat(size, model.Chunks * _groups)];
        _missingGroups = [.. Enumerable.Repeat(_groups, model.Chunks)];
    }

    public void Take(in Message message, Wires wires)
    {
        var (chunk, here) = (message.Chunk, message.To);
        var group = here / _size;
        switch (message.Stage)
        {
            case -1:
                Pass(message, OwnerIn(group, chunk), 0, wires);
                break;
            case 0 when --_missing[(chunk * _groups) + group] == 0:
                Pass(message, OwnerIn(chunk / _size % _groups, chunk), 1, wires);
                break;
            case 1 when --_missingGroups[chunk] == 0:
                for (var next = 1; next <= _groups; next++)
                {
                    Pass(message, OwnerIn((group + next) % _groups, chunk), 2, wires); // The own group last: nobody else waits for that.
                }

                break;
            case 2:
                for (var member = group * _size; member < (group + 1) * _size; member++)
                {
                    Pass(message, member, 3, wires);
                }

                break;
        }
    }

    private int OwnerIn(int group, int chunk) => (group * _size) + (chunk % _size);

    /// <summary>What stays where it is takes no time.</summary>
    private void Pass(in Message from, int to, int stage, Wires wires)
    {
        var message = new Message(from.To, to, from.Chunk, stage, _model.BytesOfChunk(from.Chunk));
        if (from.To == to)
        {
            Take(message, wires);
        }
        else
        {
            wires.Send(message);
        }
    }
}
