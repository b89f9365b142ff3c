using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Canonical;

/// <summary>A batch norm group of the local samples.</summary>
internal readonly record struct NormGroup(ShardRange Shards, int FirstSample, int Samples);

/// <summary>The batch norm groups of a slice, ascending (canonical arithmetic, rule 7).</summary>
internal sealed class NormGroups
{
    private readonly List<NormGroup> _groups = [];

    public int Count => _groups.Count;

    /// <summary>Shards of a group.</summary>
    public int Run { get; private set; }

    public NormGroup this[int group] => _groups[group];

    /// <exception cref="ArgumentException">A root splits a group, or a group has one value per channel.</exception>
    public void Describe(string operation, BatchSlice slice, in BatchNormGeometry g)
    {
        _groups.Clear();
        Run = g.Sync ? slice.Shards : slice.GroupShards;
        var first = 0;
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            var range = slice.Roots[root];
            if (range.Lo % Run != 0 || (range.Hi % Run != 0 && range.Hi != slice.Shards))
            {
                throw new ArgumentException($"{operation}: root {range} splits a group, expected whole groups of {Run} shards.");
            }

            for (var lo = range.Lo; lo < range.Hi; lo += Run)
            {
                Add(operation, slice, new ShardRange(lo, Math.Min(lo + Run, range.Hi)), g.Pixels, ref first);
            }
        }
    }

    private void Add(string operation, BatchSlice slice, ShardRange shards, int pixels, ref int first)
    {
        var samples = slice.RootSamples(shards);
        if ((long)samples * pixels == 1)
        {
            throw new ArgumentException($"{operation}: the group of shards {shards} has 1 value per channel, expected at least 2.");
        }

        _groups.Add(new NormGroup(shards, first, samples));
        first += samples;
    }
}
