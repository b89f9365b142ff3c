namespace Trainer.Kernels.Sharding;

/// <summary>
/// The part of one global batch that a worker computes: whole subtrees of the shard tree, whose samples lie one after
/// another in the worker's local batch, root by root in the given order.
/// </summary>
public sealed class BatchSlice
{
    private GroupPlan[] _groups = [];

    /// <param name="samples">Samples of the global batch, B; the last batch of an epoch may have fewer than the others.</param>
    /// <param name="shards">Shards of the global batch, S.</param>
    /// <param name="roots">Disjoint nodes of the tree over S shards, ascending.</param>
    /// <param name="groupShards">Shards of a batch norm group, a power of two or S; default: S.</param>
    /// <exception cref="ArgumentException">A root is not a node of the tree, or the roots overlap or are not ascending.</exception>
    public BatchSlice(int samples, int shards, IReadOnlyList<ShardRange> roots, int? groupShards = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(shards, 1);
        var end = 0;
        foreach (var root in roots)
        {
            if (!ShardTree.IsNode(root, shards))
            {
                throw new ArgumentException($"Shards {root} are not a node of the tree over {shards} shards.", nameof(roots));
            }

            if (root.Lo < end)
            {
                throw new ArgumentException($"Shards {root} overlap or precede the root before them, which ends at {end}.", nameof(roots));
            }

            end = root.Hi;
        }

        (Samples, Shards, Roots) = (samples, shards, [.. roots]);
        (GroupShards, LocalSamples) = (groupShards ?? shards, Roots.Sum(RootSamples));
    }

    /// <summary>Samples of the global batch.</summary>
    public int Samples { get; }

    public int Shards { get; }

    public IReadOnlyList<ShardRange> Roots { get; }

    /// <summary>
    /// Shards of a batch norm group: group i is shards [i x GroupShards, (i + 1) x GroupShards), the last one what is left
    /// (canonical arithmetic, rule 7).
    /// </summary>
    public int GroupShards { get; }

    /// <summary>Samples in the local batch; 0 when all local shards of a short batch are empty.</summary>
    public int LocalSamples { get; }

    /// <summary>The whole batch on one worker.</summary>
    public static BatchSlice Whole(int samples, int shards, int? groupShards = null) =>
        new(samples, shards, [new ShardRange(0, shards)], groupShards);

    public int FirstPosition(int shard) => ShardTree.FirstPosition(shard, Samples, Shards);

    public int ShardSamples(int shard) => FirstPosition(shard + 1) - FirstPosition(shard);

    public int RootSamples(ShardRange root) => FirstPosition(root.Hi) - FirstPosition(root.Lo);

    /// <summary>The slice's groups of so many shards: of <see cref="GroupShards"/> for a batch norm, of all for one that takes the whole batch for a group.</summary>
    public GroupPlan GroupsOf(int run)
    {
        foreach (var known in _groups)
        {
            if (known.Run == run)
            {
                return known;
            }
        }

        var groups = new GroupPlan(this, run);
        _groups = [.. _groups, groups];
        return groups;
    }

    /// <summary>For each local sample the place, in local order, of the next one in its shard; for the last of a shard, of the first.</summary>
    /// <param name="partners">(<see cref="LocalSamples"/>)</param>
    public void FillPartners(Span<int> partners)
    {
        var local = 0;
        foreach (var root in Roots)
        {
            for (var shard = root.Lo; shard < root.Hi; shard++)
            {
                var (first, samples) = (local, ShardSamples(shard));
                for (; local < first + samples; local++)
                {
                    partners[local] = local + 1 < first + samples ? local + 1 : first;
                }
            }
        }
    }

    /// <summary>The positions in the global batch of the local samples, in local order.</summary>
    public IEnumerable<int> Positions() =>
        Roots.SelectMany(root => Enumerable.Range(FirstPosition(root.Lo), RootSamples(root)));
}
