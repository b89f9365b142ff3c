using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Canonical;

/// <summary>A batch norm group of the local samples: all of it, or what one root has of a group that other roots share.</summary>
/// <param name="Root">Index of the root that the local samples belong to.</param>
/// <param name="Samples">Of them.</param>
/// <param name="GroupSamples">Of the whole group.</param>
/// <param name="Part">Of <see cref="GroupParts"/>; -1: the group is whole here, or has no samples here.</param>
/// <param name="Leads">The group's first sample is here: its statistics are added from here, and are absent elsewhere.</param>
internal readonly record struct NormGroup(int Root, int FirstSample, int Samples, int GroupSamples, int Part, bool Leads);

/// <summary>The batch norm groups of a slice, ascending (canonical arithmetic, rule 7).</summary>
internal sealed class NormGroups
{
    /// <summary>
    /// What stands for an absent value in a sum over roots: x + -0 is x, bit for bit, +0 and -0 too.
    /// </summary>
    public const float Absent = -0f;

    private readonly List<NormGroup> _groups = [];

    public int Count => _groups.Count;

    /// <summary>Shards of a group.</summary>
    public int Run { get; private set; }

    /// <summary>Some local samples are of a group that other roots share.</summary>
    public bool AreShared { get; private set; }

    public NormGroup this[int group] => _groups[group];

    /// <param name="parts">Takes in the parts of groups that are shared; null: none may be.</param>
    /// <exception cref="ArgumentException">A root splits a group and there is no exchange, or a group has one value per channel.</exception>
    public void Describe(string operation, BatchSlice slice, in BatchNormGeometry g, GroupParts? parts)
    {
        _groups.Clear();
        (Run, AreShared) = (g.Sync ? slice.Shards : slice.GroupShards, false);
        parts?.Describe(slice, Run, g.C);
        var first = 0;
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            var range = slice.Roots[root];
            var group = slice.GroupOf(range, Run);
            if (slice.IsPartOf(range, group))
            {
                AddPart(operation, slice, root, group, g.Pixels, parts, ref first);
                continue;
            }

            for (var lo = range.Lo; lo < range.Hi; lo += Run)
            {
                var shards = new ShardRange(lo, Math.Min(lo + Run, range.Hi));
                Add(operation, new NormGroup(root, first, slice.RootSamples(shards), slice.RootSamples(shards), -1, Leads: true), shards, g.Pixels, ref first);
            }
        }
    }

    private void AddPart(string operation, BatchSlice slice, int root, ShardRange group, int pixels, GroupParts? parts, ref int first)
    {
        var range = slice.Roots[root];
        if (parts?.Exchange is null)
        {
            throw new ArgumentException($"{operation}: root {range} splits a group, expected whole groups of {Run} shards.");
        }

        var (samples, part) = (slice.RootSamples(range), parts.IndexOf(range));
        if (samples > 0 && part < 0)
        {
            throw new ArgumentException($"{operation}: root {range} is none of the exchange's.");
        }

        var leads = slice.RootSamples(new ShardRange(group.Lo, range.Lo)) == 0;
        Add(operation, new NormGroup(root, first, samples, slice.RootSamples(group), part, leads), group, pixels, ref first);
        AreShared |= part >= 0;
    }

    private void Add(string operation, in NormGroup group, ShardRange shards, int pixels, ref int first)
    {
        if ((long)group.GroupSamples * pixels == 1)
        {
            throw new ArgumentException($"{operation}: the group of shards {shards} has 1 value per channel, expected at least 2.");
        }

        _groups.Add(group);
        first += group.Samples;
    }
}
