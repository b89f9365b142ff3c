using System.Numerics;

namespace Trainer.Kernels.Sharding;

/// <summary>
/// The binary tree over the S shards of a global batch along which every sum over samples is folded
/// (canonical arithmetic, rule 4): [lo, hi) splits at lo + the largest power of two below hi - lo.
/// </summary>
/// <remarks>The shape depends on S alone, so a sum has the same bits whoever computes which part of it.</remarks>
public static class ShardTree
{
    /// <summary>The largest number of shards that a job gets unless it says otherwise.</summary>
    public const int DefaultMaxShards = 16;

    /// <summary>The fewest samples of a shard, unless the job says otherwise.</summary>
    public const int DefaultMinSamples = 8;

    /// <summary>The fewest samples of a batch norm group, where the batch has as many.</summary>
    public const int MinGroupSamples = 32;

    /// <summary>The largest power of two up to 16 that leaves every shard at least 8 samples; 1 for small batches.</summary>
    public static int DefaultShards(int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        var shards = DefaultMaxShards;
        while (shards > 1 && batchSize / shards < DefaultMinSamples)
        {
            shards /= 2;
        }

        return shards;
    }

    /// <summary>
    /// Shards of a batch norm group in a job: the smallest power of two whose aligned runs all hold at least min(B, 32) samples of a full batch, else
    /// all shards. Short batches keep the groups, which then have fewer samples (canonical arithmetic, rule 7).
    /// </summary>
    public static int GroupShards(int batchSize, int shards)
    {
        for (var group = 1; group < shards; group *= 2)
        {
            if (HoldEnough(group))
            {
                return group;
            }
        }

        return shards;

        bool HoldEnough(int group)
        {
            for (var lo = 0; lo < shards; lo += group)
            {
                var hi = Math.Min(lo + group, shards);
                if (FirstPosition(hi, batchSize, shards) - FirstPosition(lo, batchSize, shards) < Math.Min(batchSize, MinGroupSamples))
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Where [lo, hi) splits into its two children; needs hi - lo of at least 2.</summary>
    public static int SplitPoint(int lo, int hi)
    {
        if (hi - lo < 2)
        {
            throw new ArgumentOutOfRangeException(nameof(hi), hi, $"A node of {hi - lo} shards from {lo} on has no children.");
        }

        return lo + (1 << (31 - BitOperations.LeadingZeroCount((uint)(hi - lo - 1))));
    }

    /// <summary>Whether <paramref name="range"/> is a node of the tree over <paramref name="shards"/> shards.</summary>
    public static bool IsNode(ShardRange range, int shards)
    {
        var (lo, hi) = (0, shards);
        while (lo <= range.Lo && range.Hi <= hi && range.Count > 0)
        {
            if (lo == range.Lo && hi == range.Hi)
            {
                return true;
            }

            var split = SplitPoint(lo, hi);
            (lo, hi) = range.Lo < split ? (lo, split) : (split, hi);
        }

        return false;
    }

    /// <summary>The fewest nodes that cover the run [lo, hi), in ascending order.</summary>
    public static IReadOnlyList<ShardRange> Cover(int lo, int hi, int shards)
    {
        var nodes = new List<ShardRange>();
        Collect(0, shards);
        return nodes;

        void Collect(int nodeLo, int nodeHi)
        {
            if (nodeHi <= lo || hi <= nodeLo)
            {
                return;
            }

            if (lo <= nodeLo && nodeHi <= hi)
            {
                nodes.Add(new ShardRange(nodeLo, nodeHi));
                return;
            }

            var split = SplitPoint(nodeLo, nodeHi);
            Collect(nodeLo, split);
            Collect(split, nodeHi);
        }
    }

    /// <summary>The first position of shard <paramref name="shard"/> in a batch of <paramref name="samples"/>: floor(shard x samples / shards).</summary>
    public static int FirstPosition(int shard, int samples, int shards) => (int)((long)shard * samples / shards);
}
