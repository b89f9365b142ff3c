using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Tests.Sharding;

public class BatchPartsTests
{
    [Fact]
    public void Parts_are_the_nodes_of_the_tree_and_are_summed_along_it()
    {
        var slice = new BatchSlice(37, 7, [new ShardRange(0, 4), new ShardRange(6, 7)]);

        var parts = BatchParts.Of(slice, shards: 1, firstSpare: 2);

        Assert.Equal(["[0,1) in 0", "[1,2) in 2", "[2,3) in 2", "[3,4) in 3", "[6,7) in 1"], parts.Select(part => $"{part.Slice.Roots[0]} in {part.Buffer}"));
        Assert.Equal([[], [new(0, 2)], [], [new(2, 3), new(0, 2)], []], parts.Select(part => part.Sums));
        Assert.Equal([0, 5, 10, 15, 21], parts.Select(part => part.FirstSample));
    }

    [Fact]
    public void Every_sample_is_in_one_part_and_every_sum_is_that_of_the_tree()
    {
        foreach (var (samples, shards, most) in new[] { (97, 11, 2), (64, 16, 4), (5, 8, 1), (31, 16, 16), (3, 16, 2) })
        {
            var slice = BatchSlice.Whole(samples, shards);
            var buffers = new string[8];
            foreach (var part in BatchParts.Of(slice, most, firstSpare: 1))
            {
                Assert.Equal(slice.Positions().Skip(part.FirstSample).Take(part.Slice.LocalSamples), part.Slice.Positions());
                buffers[part.Buffer] = part.Slice.Roots[0].ToString();
                foreach (var (left, right) in part.Sums)
                {
                    buffers[left] = $"({buffers[left]}+{buffers[right]})";
                }
            }

            Assert.Equal(Sum(slice, 0, shards, most), buffers[0]);
        }
    }

    [Fact]
    public void A_batch_that_fits_is_one_part()
    {
        var part = Assert.Single(BatchParts.Of(BatchSlice.Whole(20, 4, 2), shards: 4, firstSpare: 1));

        Assert.Equal((20, 0, 0, 2), (part.Slice.LocalSamples, part.FirstSample, part.Buffer, part.Slice.GroupShards));
        Assert.Empty(part.Sums);
    }

    /// <summary>The tree over the parts, written out; null for no samples.</summary>
    private static string? Sum(BatchSlice slice, int lo, int hi, int most)
    {
        if (slice.RootSamples(new ShardRange(lo, hi)) == 0)
        {
            return null;
        }

        if (hi - lo <= most)
        {
            return new ShardRange(lo, hi).ToString();
        }

        var split = ShardTree.SplitPoint(lo, hi);
        var (left, right) = (Sum(slice, lo, split, most), Sum(slice, split, hi, most));
        return left is null ? right : right is null ? left : $"({left}+{right})";
    }
}
