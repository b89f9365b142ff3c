namespace Trainer.Kernels.Sharding;

/// <summary>The sum of the gradient buffers <see cref="Left"/> and <see cref="Right"/> takes the place of the left one.</summary>
public readonly record struct BufferSum(int Left, int Right);

/// <summary>Some of a worker's samples that go through the network by themselves: one node of the shard tree.</summary>
/// <param name="Slice">With this node as its only root.</param>
/// <param name="FirstSample">Of the local batch.</param>
/// <param name="Buffer">Which gradient buffer receives the part's sums.</param>
/// <param name="Sums">To be done after the part, in order.</param>
public sealed record BatchPart(BatchSlice Slice, int FirstSample, int Buffer, IReadOnlyList<BufferSum> Sums);

/// <summary>
/// A local batch in parts, one after another, for devices whose memory does not hold the activations of all local samples. Sums over samples are folded
/// along the same tree, so that no bit depends on it: buffer i ends with the sum of root i, and further buffers hold what waits for its sibling.
/// </summary>
public static class BatchParts
{
    /// <summary>Parts of at most so many shards; roots without samples have none.</summary>
    /// <param name="firstSpare">The first buffer that is no root's.</param>
    public static IReadOnlyList<BatchPart> Of(BatchSlice slice, int shards, int firstSpare)
    {
        var parts = new List<BatchPart>();
        var sample = 0;
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            Add(slice.Roots[root], root, firstSpare);
        }

        return parts;

        bool Add(ShardRange node, int buffer, int spare)
        {
            if (slice.RootSamples(node) == 0)
            {
                return false;
            }

            if (node.Count <= shards)
            {
                parts.Add(new BatchPart(new BatchSlice(slice.Samples, slice.Shards, [node], slice.GroupShards), sample, buffer, []));
                sample += slice.RootSamples(node);
                return true;
            }

            var split = ShardTree.SplitPoint(node.Lo, node.Hi);
            var (left, right) = (new ShardRange(node.Lo, split), new ShardRange(split, node.Hi));
            if (!Add(left, buffer, spare))
            {
                return Add(right, buffer, spare);
            }

            if (Add(right, spare, spare + 1))
            {
                parts[^1] = parts[^1] with { Sums = [.. parts[^1].Sums, new BufferSum(buffer, spare)] };
            }

            return true;
        }
    }
}
