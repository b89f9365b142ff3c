namespace Trainer.Kernels.Sharding;

/// <summary>What one subtree root contributes to a batch norm group that several roots share.</summary>
/// <param name="Group">Shards of the whole group.</param>
/// <param name="Samples">Of the root.</param>
/// <param name="IsOwn">It is computed here.</param>
public readonly record struct GroupPart(ShardRange Root, ShardRange Group, int Samples, bool IsOwn);

/// <summary>
/// The parts of batch norm groups that several members share, for one layer in one direction: two values per channel of each root that has samples. The device fills in
/// its own ones, an <see cref="IBatchExchange"/> the others, and all members fold the same parts along the same tree (canonical arithmetic, rule 7).
/// </summary>
/// <param name="layer">Number of the layer in the network.</param>
/// <param name="isBackward">Sums of dy and of dy x; else means and sums of squared deviations.</param>
public sealed class GroupParts(uint layer, bool isBackward)
{
    private readonly List<GroupPart> _parts = [];
    private float[] _values = [];

    public uint Layer { get; } = layer;

    public bool IsBackward { get; } = isBackward;

    /// <summary>Ascending.</summary>
    public IReadOnlyList<GroupPart> Parts => _parts;

    /// <summary>Values of a part: those of all channels, twice.</summary>
    public int PartElements { get; private set; }

    /// <summary>Who brings the others' parts; null: nobody, and no group may be shared.</summary>
    public IBatchExchange? Exchange { get; set; }

    /// <summary>The values of a part.</summary>
    public Memory<float> ValuesOf(int part) => _values.AsMemory(part * PartElements, PartElements);

    /// <summary>The part of a subtree root; -1: it shares no group, or has no samples.</summary>
    public int IndexOf(ShardRange root)
    {
        for (var i = 0; i < _parts.Count; i++)
        {
            if (_parts[i].Root == root)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Takes in which parts there are.</summary>
    /// <param name="groups">Of the own samples.</param>
    public void Describe(GroupPlan groups, int channels)
    {
        _parts.Clear();
        for (var i = 0; i < groups.Count && Exchange is not null; i++)
        {
            if (groups[i].IsShared && (_parts.Count == 0 || _parts[^1].Group != groups[i].Shards))
            {
                Add(groups.Slice, groups[i].Shards);
            }
        }

        PartElements = 2 * channels;
        if (_values.Length < _parts.Count * PartElements)
        {
            _values = new float[_parts.Count * PartElements];
        }
    }

    /// <summary>Returns once the parts of others are filled in.</summary>
    public void Gather() => Exchange!.Gather(this);

    private void Add(BatchSlice slice, ShardRange group)
    {
        for (var i = 0; i < Exchange!.Roots.Count; i++)
        {
            var root = Exchange.Roots[i];
            if (GroupPlan.IsPart(root, group) && slice.RootSamples(root) > 0)
            {
                _parts.Add(new GroupPart(root, group, slice.RootSamples(root), slice.Roots.Contains(root)));
            }
        }
    }
}
