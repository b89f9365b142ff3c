namespace Trainer.Kernels.Sharding;

/// <summary>A batch norm group of the local samples: all of it, or what one root has of a group that other roots share.</summary>
/// <param name="Root">Index of the root that the local samples belong to.</param>
/// <param name="Shards">Of the whole group.</param>
/// <param name="FirstSample">Of the local ones.</param>
/// <param name="Samples">Local ones.</param>
/// <param name="GroupSamples">Of the whole group.</param>
/// <param name="IsPart">Other roots share the group.</param>
/// <param name="Leads">The group's first sample is here: its statistics are added from here, and are absent elsewhere.</param>
public readonly record struct NormGroup(int Root, ShardRange Shards, int FirstSample, int Samples, int GroupSamples, bool IsPart, bool Leads)
{
    /// <summary>There are samples here of a group that other roots share.</summary>
    public bool IsShared => IsPart && Samples > 0;
}

/// <summary>
/// The batch norm groups of a slice, ascending (canonical arithmetic, rule 7): aligned runs of shards, so that a root has whole groups or a part of one. Computed once for
/// a slice (<see cref="BatchSlice.GroupsOf"/>); layers, devices and exchanges read it.
/// </summary>
public sealed class GroupPlan
{
    private readonly List<NormGroup> _groups = [];

    /// <param name="run">Shards of a group, a power of two or all; the last group may have fewer.</param>
    public GroupPlan(BatchSlice slice, int run)
    {
        (Slice, Run) = (slice, run);
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            var range = slice.Roots[root];
            if (GroupAt(range.Lo) is var shared && IsPart(range, shared))
            {
                Add(root, range, shared);
                continue;
            }

            for (var lo = range.Lo; lo < range.Hi; lo += run)
            {
                Add(root, GroupAt(lo), GroupAt(lo));
            }
        }

        HasParts = _groups.Any(group => group.IsPart);
        AreShared = _groups.Any(group => group.IsShared);
    }

    public BatchSlice Slice { get; }

    /// <summary>Shards of a group.</summary>
    public int Run { get; }

    public int Count => _groups.Count;

    /// <summary>A root is but a part of a group.</summary>
    public bool HasParts { get; }

    /// <summary>Some local samples are of a group that other roots share.</summary>
    public bool AreShared { get; }

    public NormGroup this[int group] => _groups[group];

    /// <summary>Whether a root, anybody's, is a part of a group; it cannot cross a group's end, since both are nodes of the tree.</summary>
    public static bool IsPart(ShardRange root, ShardRange group) => group.Lo <= root.Lo && root.Hi <= group.Hi && root.Count < group.Count;

    private ShardRange GroupAt(int shard) => new(shard / Run * Run, Math.Min((shard / Run * Run) + Run, Slice.Shards));

    /// <param name="own">What is here of the group.</param>
    private void Add(int root, ShardRange own, ShardRange group)
    {
        var first = _groups.Count == 0 ? 0 : _groups[^1].FirstSample + _groups[^1].Samples;
        var leads = Slice.RootSamples(new ShardRange(group.Lo, own.Lo)) == 0;
        _groups.Add(new NormGroup(root, group, first, Slice.RootSamples(own), Slice.RootSamples(group), own != group, leads));
    }
}
