namespace Trainer.Benchmarks.Simulation;

/// <summary>A chunk's way: from each member to the one that owns it in the group, from there to the one that owns it for all groups, and its total back the same way.</summary>
internal sealed class TwoLevelExchange
{
    private const int MembersPart = 0;
    private const int GroupsSum = 1;
    private const int TotalForGroup = 2;
    private const int TotalForMember = 3;

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
            case Message.Ready:
                Pass(message, OwnerIn(group, chunk), MembersPart, wires);
                break;
            case MembersPart when --_missing[(chunk * _groups) + group] == 0:
                Pass(message, OwnerIn(chunk / _size % _groups, chunk), GroupsSum, wires);
                break;
            case GroupsSum when --_missingGroups[chunk] == 0:
                for (var next = 1; next <= _groups; next++)
                {
                    Pass(message, OwnerIn((group + next) % _groups, chunk), TotalForGroup, wires); // The own group comes last: its total has no way to go.
                }

                break;
            case TotalForGroup:
                for (var member = group * _size; member < (group + 1) * _size; member++)
                {
                    Pass(message, member, TotalForMember, wires);
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
